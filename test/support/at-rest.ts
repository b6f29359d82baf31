// The ciphers of stores that tests write to and read from directly.

import type { MacUse } from '../../src/privacy/mac-cipher.ts';
import { createAtRest } from '../../src/process/at-rest.ts';

export const STATION_KEY = Buffer.alloc(32, 21);
export const AT_REST = createAtRest(STATION_KEY);

/** One address as it lies in the store. */
export const sealMac = (use: MacUse, mac: number): number => AT_REST.macs.seal(use, [mac])[0];
export const openMac = (use: MacUse, sealed: number): number => AT_REST.macs.open(use, [sealed])[0];
