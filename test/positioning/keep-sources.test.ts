import { expect, test } from 'vitest';
import { ALL_SOURCES, SOURCE } from '../../src/devices/device-contract.ts';
import { keepSources } from '../../src/positioning/keep-sources.ts';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings } from '../../src/positioning/readings.ts';

const BODY = {
  homeMobileCountryCode: 204,
  cellTowers: [{ radioType: 'lte', mobileCountryCode: 204, mobileNetworkCode: 4, locationAreaCode: 9, cellId: 77 }],
  wifiAccessPoints: [{ macAddress: '00:25:9c:cf:1c:ac' }],
  bluetoothBeacons: [{ macAddress: '00:25:9c:cf:1c:ad' }],
  position: { latitude: 52, longitude: 5 },
};

/** What is left, as bits of SOURCE. */
function left(mask: number): number {
  const readings = createReadings();
  readGeolocate(BODY, '192.0.2.1', readings);
  keepSources(readings, mask);
  return (
    (readings.fix.present ? SOURCE.gps : 0) |
    (readings.cells.count > 0 ? SOURCE.cell : 0) |
    (readings.wifi.count > 0 ? SOURCE.wifi : 0) |
    (readings.bluetooth.count > 0 ? SOURCE.bluetooth : 0) |
    (readings.ip !== undefined ? SOURCE.ip : 0)
  );
}

test('leaves exactly the sources of the mask', () => {
  for (let mask = 0; mask <= ALL_SOURCES; mask++) expect(left(mask)).toBe(mask);
});
