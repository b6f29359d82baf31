import { MAC_KIND, type StationReader } from '../stations/index-contract.ts';
import type { IpReader } from './ip.ts';
import type { Estimate, Locator } from './locator.ts';
import { createMacSource } from './mac-source.ts';
import { createSource } from './source.ts';

export function createLocator(deps: { stations: StationReader; ip: IpReader }): Locator {
  const wifi = createMacSource(deps.stations, MAC_KIND.wifi);
  const s = createSource();
  const answer: Estimate = { lat: 0, lon: 0, accuracyM: 0, fallback: '', source: 'wifi' };
  return {
    locate(readings, nowMs) {
      wifi(readings.wifi, Math.floor(nowMs / 86_400_000), s);
      if (s.found) {
        answer.lat = s.lat;
        answer.lon = s.lon;
        answer.accuracyM = s.accuracyM;
        answer.fallback = '';
        return answer;
      }
      const place = readings.ip === undefined ? null : deps.ip.find(readings.ip);
      if (place === null) return null;
      answer.lat = place.lat;
      answer.lon = place.lon;
      answer.accuracyM = place.accuracyM;
      answer.fallback = 'ipf';
      answer.source = 'ip';
      return answer;
    },
    country() {
      return null;
    },
  };
}
