// Cells drawn from a file of millions and asked of a gateway one by one. Promises: the sample depends on the seed alone; every
// answer that is not the row's own position is counted under a reason that the file itself shows, or as unexplained.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { createRandom } from '../fixtures/random.ts';
import { distanceM } from '../src/geo/distance.ts';

export type SampledCell = { readonly key: string; readonly lat: number; readonly lon: number };
export type SampleAnswers = {
  readonly asked: number;
  /** Answered within a metre of the row. */
  readonly atPosition: number;
  /** Everything else, by why. */
  readonly others: { readonly [why: string]: number };
};

const HERE_M = 1;
/** Calls in flight: enough to be quick, few enough to be polite. */
const AT_ONCE = 4;

/** `count` rows of the CSV (gzip, with its header), each as likely as the other (reservoir), and how many rows there are. */
export async function sampleCells(
  file: string,
  count: number,
  seed: number,
): Promise<{ cells: SampledCell[]; rows: number; last: SampledCell }> {
  const random = createRandom(seed);
  const lines: string[] = [];
  let rows = 0;
  let last = '';
  for await (const line of linesOf(file)) {
    last = line;
    if (rows < count) lines.push(line);
    else {
      const at = random.int(0, rows);
      if (at < count) lines[at] = line;
    }
    rows++;
  }
  return { cells: lines.map(readCell), rows, last: readCell(last) };
}

/** Asks about each cell alone with a device key. */
export async function askSample(url: string, cells: readonly SampledCell[], file: string): Promise<SampleAnswers> {
  const missed: { cell: SampledCell; why: string }[] = [];
  const waiting = [...cells];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
        const why = await askCell(url, cell);
        if (why !== null) missed.push({ cell, why });
      }
    }),
  );
  const places = await placesOf(file, new Set(missed.map(({ cell }) => cell.key)));
  const others: Record<string, number> = {};
  for (const { cell, why } of missed) {
    const reason = (places.get(cell.key)?.size ?? 0) > 1 ? 'the file has the cell twice, at two places' : why;
    others[reason] = (others[reason] ?? 0) + 1;
  }
  return { asked: cells.length, atPosition: cells.length - missed.length, others };
}

/** Null if the cell is answered at its position, else what happened. */
export async function askCell(url: string, { key, lat, lon }: SampledCell): Promise<string | null> {
  const answer = await fetch(url, { method: 'POST', body: cellBody(key) });
  const said = (await answer.json()) as { location?: { lat: number; lng: number }; fallback?: string };
  if (answer.status !== 200 || said.location === undefined) return `answered ${answer.status}`;
  const offM = distanceM(lat, lon, said.location.lat, said.location.lng);
  if (offM <= HERE_M) return null;
  return said.fallback === undefined ? 'answered somewhere else' : `answered by ${said.fallback}`;
}

function cellBody(key: string): string {
  const [radio, mcc, mnc, area, cell] = key.split(',');
  const radioType = radio === 'UMTS' ? 'wcdma' : radio.toLowerCase();
  const numbers = {
    mobileCountryCode: Number(mcc),
    mobileNetworkCode: Number(mnc),
    locationAreaCode: Number(area),
    cellId: Number(cell),
  };
  return JSON.stringify({ considerIp: false, cellTowers: [{ radioType, ...numbers }] });
}

/** The different positions that the file gives to each of these cells. */
async function placesOf(file: string, keys: ReadonlySet<string>): Promise<Map<string, Set<string>>> {
  const places = new Map<string, Set<string>>();
  if (keys.size === 0) return places;
  for await (const line of linesOf(file)) {
    const { key, lat, lon } = readCell(line);
    if (keys.has(key)) places.set(key, (places.get(key) ?? new Set()).add(`${lat},${lon}`));
  }
  return places;
}

function readCell(line: string): SampledCell {
  const [radio, mcc, net, area, cell, , lon, lat] = line.split(',');
  return { key: [radio, mcc, net, area, cell].join(','), lat: Number(lat), lon: Number(lon) };
}

/** The lines of the file without its header. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let isHeader = true;
  for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    if (!isHeader && line !== '') yield line;
    isHeader = false;
  }
}
