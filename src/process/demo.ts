// What a fresh clone has to show: the made-up world of fixtures/ in an embedded store that had no map, and two keys to ask
// with. Promises: done once per data folder, and on PostgreSQL only where --demo asks for it; never beside stations that are
// already there; the keys lie in a file that only its owner may read, since the store holds nothing but their hashes.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoRequests } from '../../fixtures/demo-requests.ts';
import { stationNdjson } from '../../fixtures/stations.ts';
import { createWorld, DEMO_SEED } from '../../fixtures/world.ts';
import { addKey, listKeys } from '../partners/store.ts';
import type { MacCipher } from '../privacy/mac-cipher.ts';
import { importStations } from '../stations/import.ts';
import type { Store } from '../storage/open.ts';

export type DemoKeys = { readonly device: string; readonly partner: string };
type KeyFile = DemoKeys & { readonly ids: readonly string[] };

const keyPath = (dataDir: string) => join(dataDir, 'demo-keys.json');
/** There while a demo is being prepared: one that was killed meanwhile is prepared again, from the beginning. */
const begunPath = (dataDir: string) => join(dataDir, 'demo-begun');

/**
 * Prepares the demo if this is a start that should have one: `wanted` (--demo), or an embedded store without stations.
 * Returns the keys of this or an earlier preparation, or null if this data folder is no demo.
 */
export async function prepareDemo(
  store: Store,
  macs: MacCipher,
  dataDir: string,
  wanted: boolean,
  random: (bytes: number) => Buffer,
  nowMs: number,
): Promise<DemoKeys | null> {
  const known = await knownKeys(store, dataDir);
  if (known !== null) return known;
  const wasCut = existsSync(begunPath(dataDir));
  const isMissing = wasCut || (await hasNoStations(store));
  const isDue = wasCut || (isMissing && !existsSync(keyPath(dataDir)));
  if (!wanted && !(store.kind === 'embedded' && isDue)) return null;
  if (isMissing) writeFileSync(begunPath(dataDir), '', { mode: 0o600, flush: true });
  if (isMissing)
    await importStations(store, toAsync(stationNdjson(createWorld(DEMO_SEED, { nowMs }))), { nowMs, macs });
  const made = [];
  for (const keyClass of ['device', 'partner'] as const) {
    made.push(await addKey(store, { class: keyClass, name: 'demo', dailyQuota: null, perMinute: null }, random, nowMs));
  }
  const [device, partner] = made;
  const file: KeyFile = { device: device.key, partner: partner.key, ids: [device.id, partner.id] };
  writeFileSync(keyPath(dataDir), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flush: true });
  rmSync(begunPath(dataDir), { force: true });
  return file;
}

/** The keys in the file, if the store still takes them. */
async function knownKeys(store: Store, dataDir: string): Promise<DemoKeys | null> {
  if (!existsSync(keyPath(dataDir))) return null;
  let file: KeyFile;
  try {
    file = JSON.parse(readFileSync(keyPath(dataDir), 'utf8')) as KeyFile;
  } catch {
    return null;
  }
  const good = new Set((await listKeys(store)).filter((key) => key.revokedAt === null).map((key) => key.id));
  return Array.isArray(file.ids) && file.ids.every((id) => good.has(id)) ? file : null;
}

async function hasNoStations(store: Store): Promise<boolean> {
  const tables = ['cells', 'areas', 'wifi_stations', 'bluetooth_stations'];
  const any = tables.map((table) => `exists (select 1 from ${table})`).join(' or ');
  const { rows } = await store.pool.query<{ any: boolean }>(`select (${any}) as any`);
  return !rows[0].any;
}

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** Three command lines that work against this process, with what they are about. */
export function demoText(keys: DemoKeys, host: string, port: number): string {
  const at = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  const requests = Object.values(demoRequests(createWorld()));
  const lines = requests.map(({ title, keyClass, body }) => {
    const url = `http://${at}:${port}/v1/geolocate?key=${keyClass === 'device' ? keys.device : keys.partner}`;
    return `# ${title}${keyClass === 'partner' ? ': her region and no more, she has granted nothing' : ''}\ncurl '${url}' -d '${JSON.stringify(body)}'\n`;
  });
  return `\nThe map holds a made-up world. Try:\n\n${lines.join('\n')}\n`;
}
