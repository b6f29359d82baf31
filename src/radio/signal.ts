// Received signal strength: what a radio can report, and what stands for "unknown". Promises: dBm in range, or UNKNOWN_DBM;
// a modem's placeholders (+85 from ASU 99, -225 neighbours, 0) never become a strength. Does not smooth or calibrate.
import { RADIO, type Radio } from './cell.ts';

/** Stands for a strength that was not sent or cannot be: a number no receiver reports, so that it also sorts last. */
export const UNKNOWN_DBM = -999;

/**
 * dBm a receiver can report, weakest and strongest, by radio code: GSM RXLEV (3GPP TS 45.008), UTRA RSSI and RSCP (25.133),
 * E-UTRA RSRP (36.133), NR SS-RSRP (38.133); the upper ends as Ichnaea has them, because phones also send RSSI there.
 */
const WEAKEST_DBM = [0, -113, -121, -140, -156];
const STRONGEST_DBM = [0, -51, -25, -43, -31];

/** A cell's dBm if its radio can report it, else UNKNOWN_DBM. */
export function cellDbm(radio: Radio, dbm: number): number {
  return dbm >= WEAKEST_DBM[radio] && dbm <= STRONGEST_DBM[radio] ? dbm : UNKNOWN_DBM;
}

/** dBm of an "arbitrary strength unit" (3GPP TS 27.007 +CSQ, +CESQ; Android's for NR), or UNKNOWN_DBM. */
export function asuDbm(radio: Radio, asu: number): number {
  if (asu < 0) return UNKNOWN_DBM;
  if (radio === RADIO.gsm) return asu <= 31 ? 2 * asu - 113 : UNKNOWN_DBM;
  if (radio === RADIO.wcdma) return asu <= 91 ? asu - 116 : UNKNOWN_DBM;
  if (radio === RADIO.lte) return asu <= 97 ? asu - 140 : UNKNOWN_DBM;
  return asu <= 125 ? asu - 156 : UNKNOWN_DBM;
}

/** An access point's dBm: -127..-10, weaker than -100 counted as -100 (no receiver decodes less); else UNKNOWN_DBM. */
export function wifiDbm(dbm: number): number {
  if (!(dbm >= -127 && dbm <= -10)) return UNKNOWN_DBM;
  return Math.max(dbm, -100);
}

/** A beacon's dBm: -127..-1 (Bluetooth Core, HCI RSSI; 127 and 0 stand for unknown on phones), else UNKNOWN_DBM. */
export function bluetoothDbm(dbm: number): number {
  return dbm >= -127 && dbm <= -1 ? dbm : UNKNOWN_DBM;
}
