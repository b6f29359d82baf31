// A street in a test's hand: stations put by metres from a corner of Berlin, a locator over them, answers as copies.
import { M_PER_DEG_LAT, mPerDegLon } from '../../src/geo/distance.ts';
import type { IpReader } from '../../src/positioning/ip.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import type { CountryAnswer, Estimate } from '../../src/positioning/locator.ts';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings } from '../../src/positioning/readings.ts';
import { parseMac } from '../../src/radio/mac.ts';
import { createMemoryStations, type MemoryStation } from '../support/memory-stations.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
export const TODAY = NOW_MS / 86_400_000;
export const CORNER = { lat: 52.52, lon: 13.405 };

/** Degrees of a point so many metres east and north of the corner. */
export const at = (eastM: number, northM = 0, corner = CORNER) => ({
  lat: corner.lat + northM / M_PER_DEG_LAT,
  lon: corner.lon + eastM / mPerDegLon(corner.lat),
});

/** A record as learning leaves it after many reports. */
export const trusted = (eastM: number, northM = 0, fields: Partial<MemoryStation> = {}): MemoryStation => ({
  ...at(eastM, northM),
  radiusM: 60,
  samples: 60,
  lastSeenDay: TODAY,
  flags: 1,
  ...fields,
});

export function createScene(ip: IpReader = { find: () => null }) {
  const stations = createMemoryStations();
  const locator = createLocator({ stations, ip });
  const readings = createReadings();
  return {
    stations,
    wifi: (mac: string, station: MemoryStation) => stations.putMac(1, parseMac(mac), station),
    beacon: (mac: string, station: MemoryStation) => stations.putMac(2, parseMac(mac), station),
    lte: (cellId: number, station: MemoryStation, area = 100) => stations.putCell(3, 262, 1, area, cellId, station),
    locate(body: unknown, clientIp?: string): Estimate | null {
      readGeolocate(body, clientIp, readings);
      const answer = locator.locate(readings, NOW_MS);
      return answer === null ? null : { ...answer };
    },
    country(body: unknown, clientIp?: string): CountryAnswer | null {
      readGeolocate(body, clientIp, readings);
      return locator.country(readings, NOW_MS);
    },
  };
}

/** `00:10:00:00:00:00` and on, each another device. */
export const macOf = (n: number) => (0x001000000000 + n * 0x1357).toString(16).padStart(12, '0');
export const heard = (mac: string, signalStrength?: number) => ({ macAddress: mac, signalStrength });
export const lteCell = (cellId: number, fields: object = {}) => ({
  radioType: 'lte',
  mobileCountryCode: 262,
  mobileNetworkCode: 1,
  locationAreaCode: 100,
  cellId,
  ...fields,
});
