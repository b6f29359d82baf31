// Scans as bodies: the item of geosubmit v2 that teaches one, and the question that asks where it was. Promises: of a real
// trace the item is what the trace's file says, without its labels; a question holds no position and no time.

import { RADIO_NAMES } from '../../src/radio/cell.ts';
import { formatMac } from '../../src/radio/mac.ts';
import type { Scan } from './traces.ts';

type Json = Record<string, unknown>;

/** NaN and -1 are left out: JSON knows neither, and absent means unknown. */
const known = (value: number) => (Number.isNaN(value) || value === -1 ? undefined : value);

const heardBy = ({ wifi, cells }: Scan): Json => ({
  wifiAccessPoints: wifi.map(({ mac, dbm }) => ({ macAddress: formatMac(mac), signalStrength: known(dbm) })),
  cellTowers: cells.map((cell) => ({
    radioType: RADIO_NAMES[cell.radio],
    mobileCountryCode: cell.mcc,
    mobileNetworkCode: cell.mnc,
    locationAreaCode: cell.area || undefined,
    cellId: cell.cellId || undefined,
    primaryScramblingCode: known(cell.psc),
    serving: cell.serving ? 1 : 0,
    signalStrength: known(cell.dbm),
    timingAdvance: known(cell.timingAdvance),
  })),
});

/** One item of a submission. */
export function itemOf(scan: Scan): Json {
  if (scan.line !== '') {
    const fields = Object.entries(JSON.parse(scan.line) as Json);
    return Object.fromEntries(fields.filter(([name]) => !name.startsWith('_')));
  }
  const { lat, lon, accuracyM, ageMs, speedMps } = scan;
  return {
    timestamp: scan.timeMs,
    position: { latitude: lat, longitude: lon, accuracy: known(accuracyM), age: ageMs, speed: known(speedMps) },
    ...heardBy(scan),
  };
}

/** The body of a look-up by what was heard alone. */
export function questionOf(scan: Scan): Json {
  const heard = heardBy(scan);
  if (scan.line !== '') {
    const { wifiAccessPoints, cellTowers } = JSON.parse(scan.line) as Json;
    Object.assign(heard, { wifiAccessPoints, cellTowers });
  }
  return { ...heard, considerIp: false, fallbacks: { lacf: false, ipf: false } };
}
