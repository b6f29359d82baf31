// The data sets asked of a real gateway: reports posted to /v2/geosubmit on their own days (the gateway's clock is set), each
// device behind a network of its own, or with a trusted key where one contributor made the set; folded by `honeyguide fold`;
// questions asked of /v1/geolocate on the day of the scan. Promises: nothing of a position is in a question; a report that
// is refused (but for backpressure: that is tried again), or any status but 200 and 404, fails the run. Fallbacks are switched
// off: the other methods have none.

import { setTimeout } from 'node:timers/promises';
import { DAY_MS } from '../../src/time/spans.ts';
import { type RunningGateway, startGateway } from '../http/gateway.ts';
import { itemOf, questionOf } from './bodies.ts';
import type { Answer, DataSet } from './method.ts';
import { type Metrics, measure } from './metrics.ts';
import type { Scan } from './traces.ts';

export type HttpRow = { set: string; method: string; metrics: Metrics };

/** Below the 1,000 items and 1 MiB that one call may have. */
const CALL = { items: 500, bytes: 900_000 };
/** Raw reports wait a week at most, so that the fold must come earlier. */
const FOLD_AFTER_DAYS = 3;
const ASKING = 8;
/** Threads follow what was learnt of circles within a minute. */
const CIRCLES_MS = 65_000;
/** Times that a call is sent to a gateway that says it is too busy. */
const ATTEMPTS = 20;
/** Look-ups of one address; 6,000 a minute are allowed. */
const PER_ADDRESS = 1_000;

/** Rows of each set, in their order. `env` may name a DATABASE_URL, empty and for this run alone. */
export async function askOverHttp(sets: readonly DataSet[], env: Readonly<Record<string, string>>): Promise<HttpRow[]> {
  const gateway = await startGateway({ ...env, LOG_LEVEL: 'info' });
  try {
    await teach(gateway, sets[0].learn);
    const { key } = await gateway.run('keys', 'add', '--class', 'device', '--name', 'bench');
    // Threads follow new keys within a second.
    await gateway.indexIsQuiet();
    const rows: HttpRow[] = [];
    for (const set of sets) {
      const answers = await ask(gateway, set.test, `${key}`);
      const method = {
        name: 'honeyguide over HTTP',
        learn: () => {},
        locate: (scan: Scan) => answers.get(scan) ?? null,
      };
      rows.push({ set: set.name, method: method.name, metrics: measure(method, set) });
    }
    return rows;
  } finally {
    await gateway.stop();
  }
}

/** Posts in the order of days, each device's reports of a day in as few calls as they fit. */
async function teach(gateway: RunningGateway, learn: readonly Scan[]): Promise<void> {
  const days = Map.groupBy(learn, (scan) => Math.floor(scan.timeMs / DAY_MS));
  const devices = [...new Set(learn.map(({ device }) => device))];
  let query = '';
  let foldedDay = 0;
  for (const [day, scans] of [...days].sort(([a], [b]) => a - b)) {
    if (foldedDay > 0 && day - foldedDay >= FOLD_AFTER_DAYS) await fold(gateway);
    if (foldedDay === 0 || day - foldedDay >= FOLD_AFTER_DAYS) foldedDay = day;
    // Late in the evening, so that nothing was heard in the time to come.
    await gateway.setClock((day + 1) * DAY_MS - 600_000);
    if (query === '' && devices.includes('')) {
      const { key } = await gateway.run('keys', 'add', '--class', 'submit', '--trusted', '--name', 'bench');
      await gateway.indexIsQuiet();
      query = `?key=${key}`;
    }
    for (const [device, own] of Map.groupBy(scans, (scan) => scan.device)) {
      const path = device === '' ? `/v2/geosubmit${query}` : '/v2/geosubmit';
      for (const body of bodies(own)) await post(gateway, path, devices.indexOf(device), body);
    }
  }
  await fold(gateway);
  await gateway.indexIsQuiet();
  await setTimeout(CIRCLES_MS);
}

function* bodies(scans: readonly Scan[]): Generator<string> {
  let items: string[] = [];
  let bytes = 0;
  for (const scan of scans) {
    const item = JSON.stringify(itemOf(scan));
    if (items.length === CALL.items || bytes + item.length > CALL.bytes) {
      yield `{"items":[${items.join()}]}`;
      items = [];
      bytes = 0;
    }
    items.push(item);
    bytes += item.length + 1;
  }
  yield `{"items":[${items.join()}]}`;
}

async function fold(gateway: RunningGateway): Promise<void> {
  const { failed } = await gateway.run('fold');
  if (failed !== 0) throw new Error(`${failed} stations were not folded`);
}

/** Networks of shared address space (RFC 6598): nobody's, and told apart by /24 like public ones. */
const addressOf = (network: number) => `100.${64 + (network >> 8)}.${network & 255}.7`;

async function post(gateway: RunningGateway, path: string, network: number, body: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-forwarded-for': addressOf(network) },
    });
    await answer.arrayBuffer();
    if (answer.status === 200) return;
    // A busy machine's backpressure: nothing was taken, come again later.
    if (answer.status !== 503 || attempt === ATTEMPTS) throw new Error(`a report was answered with ${answer.status}`);
    await setTimeout(1_000 * Number(answer.headers.get('retry-after') ?? 1));
  }
}

async function ask(gateway: RunningGateway, test: readonly Scan[], key: string): Promise<Map<Scan, Answer | null>> {
  const answers = new Map<Scan, Answer | null>();
  const days = Map.groupBy(test, (scan) => Math.floor(scan.timeMs / DAY_MS));
  for (const [day, scans] of [...days].sort(([a], [b]) => a - b)) {
    await gateway.setClock(day * DAY_MS + DAY_MS / 2);
    let next = 0;
    const askOn = async () => {
      while (next < scans.length) {
        const network = 512 + Math.floor((answers.size + ASKING) / PER_ADDRESS);
        const scan = scans[next++];
        answers.set(scan, await askOne(gateway, scan, key, network));
      }
    };
    await Promise.all(Array.from({ length: ASKING }, askOn));
  }
  return answers;
}

async function askOne(gateway: RunningGateway, scan: Scan, key: string, network: number): Promise<Answer | null> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/geolocate?key=${key}`, {
    method: 'POST',
    body: JSON.stringify(questionOf(scan)),
    headers: { 'content-type': 'application/json', 'x-forwarded-for': addressOf(network) },
  });
  if (answer.status !== 200 && answer.status !== 404) throw new Error(`a question was answered with ${answer.status}`);
  const { location, accuracy } = (await answer.json()) as { location?: { lat: number; lng: number }; accuracy: number };
  return location === undefined ? null : { lat: location.lat, lon: location.lng, accuracyM: accuracy };
}
