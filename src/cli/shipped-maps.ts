// Are the anonymity maps that come along what the code builds from GeoNames today, and does the proof hold for them, for each
// alone and for the two together?
import { buildAnonymityMap } from '../privacy/build-anonymity-map.ts';
import { proves, verifyAnonymityMap } from '../privacy/verify-anonymity-map.ts';
import { anonymityMapPath, readAnonymityMap } from '../process/anonymity-map.ts';
import { readResidents } from './residents.ts';

/** Paths of the maps that are not; half a minute of work. */
export async function staleMaps(): Promise<string[]> {
  const residents = await readResidents(undefined);
  const strict = readAnonymityMap(anonymityMapPath('strict')).names;
  const stale: string[] = [];
  for (const chosen of [undefined, 'strict']) {
    const path = anonymityMapPath(chosen);
    const { names, k } = readAnonymityMap(path);
    const fresh = buildAnonymityMap(residents, k);
    const isSame = names.length === fresh.length && names.every((name, i) => name === fresh[i]);
    const report = verifyAnonymityMap(names, residents, k, [strict]);
    if (!isSame || !proves(report)) stale.push(path);
  }
  return stale;
}
