// The anonymity map of a running gateway: read from its file once, laid out in memory that all threads share. Promises: fails
// closed. A map that is missing, damaged, cut, has regions in no coarsest cell, or was built for fewer residents than the
// rule asks for (DESIGN 6.3) ends the start; there is no fixed grid to fall back to, as there is in AOSP.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { layOutAnonymityMap } from '../privacy/anonymity-map.ts';
import { decodeAnonymityMap, type VersionedMap } from '../privacy/anonymity-map-file.ts';
import { STRICT_K } from '../privacy/build-anonymity-map.ts';
import { COARSEST_RES, parentKey, resolutionOf } from '../privacy/region-key.ts';

/** What threads are handed: pass `shared` to openAnonymityMap. */
export type AnonymityMapHandle = {
  readonly shared: SharedArrayBuffer;
  readonly version: string;
  readonly k: number;
};

/** The fewest residents of a region that any map may be built for. */
const FEWEST_RESIDENTS = 1_000;

const shipped = (k: number) => fileURLToPath(new URL(`../../schema/anonymity-map-${k}.gz`, import.meta.url));

/** The file of a map: `strict`, a path, or absent for the one that comes along. */
export function anonymityMapPath(chosen: string | undefined): string {
  if (chosen === undefined) return shipped(FEWEST_RESIDENTS);
  return chosen === 'strict' ? shipped(STRICT_K) : chosen;
}

/** Reads a map's file. Throws an Error that says what is wrong, for people. */
export function readAnonymityMap(path: string): VersionedMap {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new Error(`the anonymity map cannot be read: is ${path} a file of this machine?`);
  }
  const map = decode(bytes);
  if (map === null) throw new Error('the anonymity map is damaged, or no anonymity map');
  return map;
}

function decode(bytes: Buffer): VersionedMap | null {
  try {
    return decodeAnonymityMap(gunzipSync(bytes));
  } catch {
    return null;
  }
}

/** Reads, checks and lays out the map that `chosen` names. */
export function loadAnonymityMap(chosen: string | undefined): AnonymityMapHandle {
  const { names, version, k } = readAnonymityMap(anonymityMapPath(chosen));
  if (!isCovered(names)) throw new Error('the anonymity map has regions in no coarsest cell');
  if (k < FEWEST_RESIDENTS) throw new Error(`the anonymity map was built for fewer than ${FEWEST_RESIDENTS} residents`);
  return { shared: layOutAnonymityMap(names), version, k };
}

/** True if every name lies in a named coarsest cell, which is the greatest of the names in it and so comes first from above. */
function isCovered(names: Uint32Array): boolean {
  let coarsest = -1;
  for (let i = names.length - 1; i >= 0; i--) {
    const res = resolutionOf(names[i]);
    if (res === COARSEST_RES) coarsest = names[i];
    if (res < COARSEST_RES || parentKey(names[i], COARSEST_RES) !== coarsest) return false;
  }
  return true;
}
