// `honeyguide anonymity-map`: builds the map of regions from public population figures, proves it, says what it costs.
// Offline: touches neither the store nor a running gateway.

import { rename, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { layOutAnonymityMap } from '../privacy/anonymity-map.ts';
import { encodeAnonymityMap, type LabelledMap } from '../privacy/anonymity-map-file.ts';
import { buildAnonymityMap } from '../privacy/build-anonymity-map.ts';
import { COARSEST_RES, FINEST_RES, type RegionKey, resolutionOf } from '../privacy/region-key.ts';
import { reviseAnonymityMap } from '../privacy/revise-anonymity-map.ts';
import { type MapReport, proves, verifyAnonymityMap } from '../privacy/verify-anonymity-map.ts';
import { anonymityMapPath, readAnonymityMap } from '../process/anonymity-map.ts';
import { type CommandContext, UsageError } from './context.ts';
import { GEONAMES, readResidents } from './residents.ts';
import { type Say, speaker } from './speaker.ts';

/** DESIGN 6.3. */
const DEFAULT_K = 1_000;

export const usage = `usage: honeyguide anonymity-map build --out FILE [--density FILE] [--k N] [--previous FILE]... [--json]
       honeyguide anonymity-map verify [FILE] [--density FILE] [--k N] [--previous FILE]... [--json]
       honeyguide anonymity-map stats [FILE] [--json]

FILE is a map's file, or strict for the stricter of the two that come along; without it, the other one.

Splits the world into regions of at least K residents (default 1000). --density: CSV lines "h3,population" of cells of
resolution 7 or finer (Kontur's, for one), .gz or not; without it, places from GeoNames (CC BY 4.0). --previous: an
earlier map, given once or twice, the newest first: whoever was told a region of each must still be among K, so name the
last two versions that were in use. build keeps old regions where new ones would break this. Not more than a map a quarter.
build writes nothing unless the proof holds; verify exits with 1 when it does not. It proves the K that the map says of itself, or
the one that is given.
`;

const parse = (args: string[]) =>
  parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      density: { type: 'string' },
      k: { type: 'string' },
      previous: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
type Values = ReturnType<typeof parse>['values'];

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, file, ...more] = positionals;
  if (more.length > 0 || (file !== undefined && verb === 'build')) throw new UsageError('too many arguments');
  const wantedK = values.k === undefined ? null : Number(values.k);
  if (wantedK !== null && !(Number.isInteger(wantedK) && wantedK >= 1))
    throw new UsageError('--k must be a whole number of people');
  const say = speaker(context, values.json);
  switch (verb) {
    case 'build':
      await build(values, wantedK ?? DEFAULT_K, say);
      return 0;
    case 'verify': {
      const map = readMap(file);
      const k = wantedK ?? map.k;
      const report = prove({ ...map, k }, await readResidents(values.density), values.previous);
      say({ ...report, k, holds: proves(report) }, describe(report, k));
      return proves(report) ? 0 : 1;
    }
    case 'stats': {
      const stats = statsOf(readMap(file));
      const { version, source, regions, memoryBytes } = stats;
      const levels = Object.entries(stats.regionsByResolution).map(([res, count]) => `  resolution ${res}: ${count}`);
      const first = `version ${version}, K ${stats.k}, ${regions} regions, ${memoryBytes} bytes in memory`;
      say(stats, `${[first, ...levels, `from ${source}`].join('\n')}\n`);
      return 0;
    }
    default:
      throw new UsageError('build, verify or stats?');
  }
}

async function build({ out, density, previous }: Values, k: number, say: Say): Promise<void> {
  if (out === undefined) throw new UsageError('build needs --out FILE');
  const residents = await readResidents(density);
  const source = density === undefined ? GEONAMES : 'h3,population figures of the operator';
  const earlier = previous.map((path) => readMap(path).names);
  const { names, kept } = reviseAnonymityMap(buildAnonymityMap(residents, k), earlier, residents, k);
  const map = { k, source, names };
  const report = { ...prove(map, residents, previous), kept };
  const holds = proves(report);
  if (holds) await writeMap(out, map);
  say(report, describe(report, k));
  if (!holds) throw new Error('the proof does not hold; nothing was written');
}

function prove(map: LabelledMap, residents: Map<RegionKey, number>, previous: string[]): MapReport {
  const earlier = previous.map((file) => readMap(file).names);
  return verifyAnonymityMap(map.names, residents, map.k, earlier);
}

const readMap = (file: string | undefined) => readAnonymityMap(anonymityMapPath(file));

function statsOf({ version, k, source, names }: ReturnType<typeof readMap>) {
  const regionsByResolution: Record<number, number> = {};
  for (let res = COARSEST_RES; res <= FINEST_RES; res++) regionsByResolution[res] = 0;
  for (const name of names) regionsByResolution[resolutionOf(name)]++;
  const memoryBytes = layOutAnonymityMap(names).byteLength;
  return { version, k, regions: names.length, regionsByResolution, memoryBytes, source };
}

async function writeMap(file: string, map: LabelledMap): Promise<void> {
  await writeFile(`${file}.part`, gzipSync(encodeAnonymityMap(map), { level: 9 }));
  await rename(`${file}.part`, file);
}

function describe(report: MapReport & { readonly kept?: number }, k: number): string {
  const { areaKm2, suppressedShare, kept = 0 } = report;
  return [
    `${report.regions} regions, ${report.residents} residents, fewest in one ${report.fewestResidents}`,
    `under K = ${k}: ${report.regionsUnderK}; empty: ${report.emptyRegions}; uncovered: ${report.uncovered}; crossings under K: ${report.crossingsUnderK}`,
    `area of a resident's region: p50 ${areaKm2.p50}, p90 ${areaKm2.p90}, p99 ${areaKm2.p99} km2`,
    `told no region: ${(suppressedShare * 100).toFixed(3)} % of residents`,
    ...(kept > 0 ? [`old regions stay in ${kept} cells of resolution ${COARSEST_RES}`] : []),
    '',
  ].join('\n');
}
