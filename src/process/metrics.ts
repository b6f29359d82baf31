// The process in numbers, for Prometheus. Promises: values are read when somebody asks, so nothing is collected in vain; no
// label holds anything about a person, a key or a place. Names are all here.
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type CounterSums, LATENCY_BOUNDS_S } from '../http/counters.ts';
import type { JobState } from '../jobs/scheduler.ts';

/** What can be asked of the running process. */
type Gauges = {
  counters(): CounterSums;
  submissions(): { kept: Readonly<Record<string, number>>; dropped: Readonly<Record<string, number>> };
  index(): { stations: number; bytes: number; snapshotAgeS: number | null; feedLagS: number };
  jobs(): readonly JobState[];
  threadRestarts(): number;
  keys(): number;
};

type Value = { labels: Record<string, string | number>; value: number; metricName?: string };

export function createMetrics(gauges: Gauges): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  function add(name: string, type: 'counter' | 'gauge' | 'histogram', help: string, read: () => Value[]): void {
    // prom-client's own classes keep values of their own; these come from shared memory. It asks metrics only for `get`.
    const metric = {
      name,
      help,
      type,
      aggregator: 'sum',
      get: () => ({ name, help, type, aggregator: 'sum', values: read() }),
    };
    registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
  }
  const one = (value: number): Value[] => [{ labels: {}, value }];
  const byName = (label: string, counts: Readonly<Record<string, number>>): Value[] =>
    Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));

  add('honeyguide_answers_total', 'counter', 'Answers by route, outcome and source of the position.', () =>
    gauges.counters().answers.map(({ count, ...labels }) => ({ labels, value: count })),
  );
  add('honeyguide_answer_seconds', 'histogram', 'From the head of a request to its answer.', () =>
    gauges.counters().latency.flatMap((route) => histogramOf('honeyguide_answer_seconds', route)),
  );
  add('honeyguide_event_loop_delay_seconds', 'gauge', 'Event-loop delay of each server thread, last second.', () =>
    gauges.counters().loops.flatMap(({ meanMs, p99Ms, maxMs }, thread) =>
      Object.entries({ mean: meanMs, p99: p99Ms, max: maxMs }).map(([stat, ms]) => ({
        labels: { thread, stat },
        value: ms / 1000,
      })),
    ),
  );
  add('honeyguide_reports_kept_total', 'counter', 'Reports and observations stored to learn from.', () =>
    byName('kind', gauges.submissions().kept),
  );
  add('honeyguide_reports_dropped_total', 'counter', 'What was not stored, by reason.', () =>
    byName('reason', gauges.submissions().dropped),
  );
  add('honeyguide_index_stations', 'gauge', 'Stations in the resident index.', () => one(gauges.index().stations));
  add('honeyguide_index_bytes', 'gauge', 'Memory of the resident index.', () => one(gauges.index().bytes));
  add(
    'honeyguide_index_snapshot_age_seconds',
    'gauge',
    'Since the last snapshot was written; absent = none yet.',
    () => {
      const age = gauges.index().snapshotAgeS;
      return age === null ? [] : one(age);
    },
  );
  add('honeyguide_index_feed_lag_seconds', 'gauge', 'Since the index last caught up with the store.', () =>
    one(gauges.index().feedLagS),
  );
  add('honeyguide_job_lag_seconds', 'gauge', 'How late each job is.', () =>
    gauges.jobs().map(({ name, lagMs }) => ({ labels: { job: name }, value: lagMs / 1000 })),
  );
  add('honeyguide_job_failures_total', 'counter', 'Failed runs of each job.', () =>
    gauges.jobs().map(({ name, failures }) => ({ labels: { job: name }, value: failures })),
  );
  add('honeyguide_server_thread_restarts_total', 'counter', 'Server threads replaced after a crash.', () =>
    one(gauges.threadRestarts()),
  );
  add('honeyguide_keys', 'gauge', 'Keys that are good.', () => one(gauges.keys()));
  return registry;
}

/** One route's buckets as Prometheus wants them: cumulative, by upper bound, then sum and count. */
function histogramOf(name: string, { route, buckets, sumS }: CounterSums['latency'][number]): Value[] {
  const values: Value[] = [];
  let below = 0;
  buckets.forEach((count, i) => {
    below += count;
    values.push({ metricName: `${name}_bucket`, labels: { route, le: LATENCY_BOUNDS_S[i] ?? '+Inf' }, value: below });
  });
  values.push({ metricName: `${name}_sum`, labels: { route }, value: sumS });
  values.push({ metricName: `${name}_count`, labels: { route }, value: below });
  return values;
}
