// Attack A10 against the daily budget of strays, over the real app and locator: what is left when it is used up.
import { expect, test } from 'vitest';
import { createStrayMemory, openStrayBudget } from '../../src/http/stray-budget.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings } from '../../src/positioning/readings.ts';
import { parseMac } from '../../src/radio/mac.ts';
import { MAC_KIND, STATION_FLAG } from '../../src/stations/index-contract.ts';
import { createTestApp, DEVICE_KEY } from '../support/app.ts';
import { createMemoryStations } from '../support/memory-stations.ts';
import { at, lteCell, macOf, trusted } from './scene.ts';

const TARGET = 'a0b1c2000010';
const stations = createMemoryStations();
const put = (mac: string, eastM: number, flags: number = STATION_FLAG.gnss) =>
  stations.putMac(MAC_KIND.wifi, parseMac(mac), trusted(eastM, 0, { flags }));
/** Blocks a kilometre apart with three access points each; the target stands in the last. */
const BLOCKS = 40;
const blockOf = (block: number, n: number) => macOf(3 * block + n);
for (let block = 0; block < BLOCKS; block++) for (let n = 0; n < 3; n++) put(blockOf(block, n), 1_000 * block + 20 * n);
put(TARGET, 1_000 * (BLOCKS - 1) + 30);
stations.putCell(3, 262, 1, 100, 7, { ...at(200), radiusM: 900, samples: 60, flags: 1 });

const scan = (macs: readonly string[]) => ({
  considerIp: false,
  wifiAccessPoints: macs.map((macAddress) => ({ macAddress, signalStrength: -60 })),
});

async function open(limits: { device: number; address: number }) {
  const { app, clock } = await createTestApp({
    locator: createLocator({ stations, ip: { find: () => null } }),
    strayBudget: openStrayBudget(
      createStrayMemory(8),
      { a: 1, b: 2 },
      { ...limits, partnerKey: 0 },
      (request) => request.ip,
    ),
  });
  clock.nowMs = Date.UTC(2026, 5, 1, 12);
  const ask = async (body: object, device = '', remoteAddress = '192.0.2.1', what = 'geolocate') =>
    app.inject({
      method: 'POST',
      url: `/v1/${what}`,
      query: { key: DEVICE_KEY, device },
      payload: body,
      remoteAddress,
    });
  return { ask, clock };
}

test.each([
  ['a token', { device: 20, address: 0 }, 'hgt_x'],
  ['an address', { device: 0, address: 20 }, ''],
])('a search of forty blocks for one access point ends after twenty of them, by %s', async (_by, limits, token) => {
  const { ask, clock } = await open(limits);
  let answered = 0;
  for (let block = 0; block < BLOCKS; block++)
    if ((await ask(scan([blockOf(block, 0), TARGET]), token)).statusCode === 200) answered++;
  expect(answered).toBe(0);
  // Not even what is beside it is told any more, and cells go on to answer.
  const home = [0, 1, 2].map((n) => blockOf(3, n));
  expect((await ask(scan(home), token)).statusCode).toBe(404);
  const byCell = (await ask({ ...scan(home), cellTowers: [lteCell(7)] }, token)).json();
  expect(byCell.accuracy).toBeGreaterThan(500);
  // Neighbours have theirs, and tomorrow is another day.
  expect((await ask(scan(home), token === '' ? '' : 'hgt_y', '192.0.2.2')).statusCode).toBe(200);
  clock.nowMs += 86_400_000;
  expect((await ask(scan(home), token)).statusCode).toBe(200);
});

test('the country is told by the same budget: a yes or no to "these stand together" is as good as a place', async () => {
  const home = [0, 1, 2].map((n) => blockOf(3, n));
  for (const token of ['hgt_x', '']) {
    const { ask } = await open({ device: 20, address: 20 });
    const country = (macs: readonly string[]) => ask(scan(macs), token, undefined, 'country');
    expect((await country(home)).statusCode).toBe(200);
    for (let block = 0; block < BLOCKS; block++) await country([blockOf(block, 0), TARGET]);
    expect((await country(home)).statusCode).toBe(404);
    expect((await ask(scan(home), token)).statusCode).toBe(404);
  }
});

test('a phone at home beside a router that moved in from elsewhere has access points all day', async () => {
  const { ask } = await open({ device: 5, address: 5 });
  const [home, away] = [[0, 1, 2].map((n) => blockOf(3, n)), blockOf(9, 0)];
  for (let i = 0; i < 100; i++)
    expect((await ask(scan([...(i % 2 ? home : home.slice(1)), away]), 'hgt_x')).statusCode).toBe(200);
});

test('the locator names as strays what is known and stands elsewhere, and nothing else', () => {
  const locator = createLocator({ stations, ip: { find: () => null } });
  const readings = createReadings();
  const strays = (...macs: string[]) => {
    readGeolocate(scan(macs), undefined, readings);
    locator.locate(readings, Date.UTC(2026, 5, 1));
    const { wifi } = locator.strays!;
    return [...wifi.mac.subarray(0, wifi.count)];
  };
  const home = [0, 1, 2].map((n) => blockOf(3, n));
  const numbers = (...macs: string[]) => macs.map(parseMac).sort((a, b) => a - b);
  expect(strays(...home)).toEqual([]);
  expect(strays(...home, 'a4c3f0112233')).toEqual([]);
  expect(strays(...home, TARGET)).toEqual(numbers(TARGET));
  // A box of two bands is one box.
  expect(strays(blockOf(0, 0), TARGET)).toEqual(numbers(blockOf(0, 0), TARGET));
  expect(strays(TARGET)).toEqual([]);
  expect(strays()).toEqual([]);
});
