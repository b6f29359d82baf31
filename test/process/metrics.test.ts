import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCounterMemory, openStripe, ROUTE, sumCounters } from '../../src/http/counters.ts';
import { createMetrics } from '../../src/process/metrics.ts';
import { openMetricsServer } from '../../src/process/metrics-server.ts';
import { ROOT } from '../support/root.ts';

function metricsOf(memory: SharedArrayBuffer) {
  return createMetrics({
    counters: () => sumCounters(memory),
    submissions: () => ({ kept: { reports: 3 }, dropped: { noPosition: 1 } }),
    index: () => ({ stations: 7, bytes: 210, snapshotAgeS: null, feedLagS: 0.25 }),
    jobs: () => [{ name: 'fold', runs: 2, failures: 1, lagMs: 1500 }],
    threadRestarts: () => 0,
    keys: () => 2,
  });
}

test('shows what was counted, as Prometheus reads it', async () => {
  const memory = createCounterMemory(2);
  openStripe(memory, 0).answered(ROUTE.geolocate, 'located', 2, 0.3);
  openStripe(memory, 1).answered(ROUTE.geolocate, 'notLocated', 0, 0.03);
  openStripe(memory, 1).loopDelay(1, 2, 3);
  const text = await metricsOf(memory).metrics();
  for (const line of [
    '# TYPE honeyguide_answers_total counter',
    'honeyguide_answers_total{route="geolocate",outcome="located",source="wifi"} 1',
    '# TYPE honeyguide_answer_seconds histogram',
    'honeyguide_answer_seconds_bucket{route="geolocate",le="0.00005"} 1',
    'honeyguide_answer_seconds_bucket{route="geolocate",le="0.0005"} 2',
    'honeyguide_answer_seconds_bucket{route="geolocate",le="+Inf"} 2',
    'honeyguide_answer_seconds_count{route="geolocate"} 2',
    'honeyguide_event_loop_delay_seconds{thread="1",stat="p99"} 0.002',
    'honeyguide_reports_kept_total{kind="reports"} 3',
    'honeyguide_index_stations 7',
    'honeyguide_job_lag_seconds{job="fold"} 1.5',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).not.toMatch(/^honeyguide_index_snapshot_age_seconds /m);
  expect(text).toContain('process_resident_memory_bytes');
});

test('each of its own is in the table that operators read', async () => {
  const table = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const names = metricsOf(createCounterMemory(1)).getMetricsAsArray();
  const own = names.map(({ name }) => name).filter((name) => name.startsWith('honeyguide_'));
  expect(own.length).toBeGreaterThan(10);
  expect(own.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
});

test('the operators have a port of their own', async () => {
  const ready = { store: true, index: true, jobs: false };
  const server = await openMetricsServer(metricsOf(createCounterMemory(1)), () => ready, '127.0.0.1', 0);
  const at = `http://127.0.0.1:${server.port}`;
  const metrics = await fetch(`${at}/metrics`);
  expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect((await fetch(`${at}/readyz`)).status).toBe(503);
  expect((await fetch(`${at}/v1/geolocate`)).status).toBe(404);
  await server.close();
});
