// Rules 2 and 4 of the design over HTTP: what a partner gets is a pure function of (map, region, tick), and a crossing tells
// when, never where.
import fc from 'fast-check';
import { cellToChildren, cellToLatLng, cellToParent, gridDisk, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { openAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import { addDevice, addPartner, mapOf, openSharingGateway } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const HOME = latLngToCell(52.09, 5.12, 7);
const names = new Set<number>();
for (const cell of gridDisk(HOME, 2)) for (const res of [3, 4, 5, 6, 7]) names.add(parentKey(keyOfCell(cell), res));
const map = mapOf(names);
const lookUp = openAnonymityMap(map.shared);
/** Farther from the border than any device is shifted (privacy/band.ts): four rings of about 130 m. */
const places = cellToChildren(HOME, 10)
  .filter((cell) => gridDisk(cell, 4).every((near) => cellToParent(near, 7) === HOME))
  .map((cell) => cellToLatLng(cell));

const store = await openTestStore();
const gateway = await openSharingGateway(store, { map });
const { clock, inChain, ask } = gateway;
const { key } = await addPartner(store, 'Bus Times');
await gateway.followKeys();

const place = fc.constantFrom(...places);
const accuracy = fc.integer({ min: 1, max: 2_000 });
const seen = fc.record({ place, accuracy, age: fc.integer({ min: 0, max: 80_000 }), extra: fc.string() });
const bodyOf = ({
  place: [latitude, longitude],
  ...rest
}: {
  place: number[];
  accuracy: number;
  age: number;
  extra: string;
}) => ({
  position: { latitude, longitude, accuracy: rest.accuracy, age: rest.age },
  carrier: rest.extra,
});

/** All of an answer that leaves, but the clock of HTTP itself. */
function bytesOf(answer: Awaited<ReturnType<typeof ask>>) {
  return { status: answer.statusCode, headers: { ...answer.headers, date: '' }, body: answer.payload };
}

describe('two devices in one region', () => {
  test('are told in the same bytes, wherever they are, however they were located and whoever they are', async () => {
    await fc.assert(
      fc.asyncProperty(seen, seen, fc.boolean(), async (one, other, hasPolygon) => {
        expect(lookUp.regionAt(one.place[0], one.place[1])).toBe(lookUp.regionAt(other.place[0], other.place[1]));
        const devices = [await addDevice(inChain, clock.nowMs), await addDevice(inChain, clock.nowMs)];
        const query: Record<string, string> = hasPolygon ? { polygon: '1' } : {};
        const answers = [
          await ask({ ...query, key, device: devices[0].token }, bodyOf(one)),
          await ask({ ...query, key, device: devices[1].token }, bodyOf(other)),
        ];
        expect(answers[0].statusCode).toBe(200);
        expect(bytesOf(answers[1])).toEqual(bytesOf(answers[0]));
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  test('are told in the same bytes when nobody names them', async () => {
    await fc.assert(
      fc.asyncProperty(seen, seen, async (one, other) => {
        const answers = [await ask({ key }, bodyOf(one)), await ask({ key }, bodyOf(other))];
        expect(answers[0].statusCode).toBe(200);
        expect(bytesOf(answers[1])).toEqual(bytesOf(answers[0]));
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

describe('a device on its way', () => {
  test('changes its answer at the start of a tick only, for every partner at once', async () => {
    const device = await addDevice(inChain, clock.nowMs);
    const second = await addPartner(store, 'Weather');
    await gateway.followKeys();
    const [far] = gridDisk(HOME, 2).slice(-1);
    const [there, here] = [cellToLatLng(far), cellToLatLng(HOME)];
    const regionOf = async (partner: string, [latitude, longitude]: number[]) =>
      (await ask({ key: partner, device: device.token }, { position: { latitude, longitude, accuracy: 20 } })).json()
        .region;
    clock.nowMs = Math.ceil(clock.nowMs / TICK_MS) * TICK_MS;
    expect(await regionOf(key, here)).toBe(HOME);
    for (const afterMs of [1, 60_000, TICK_MS - 1]) {
      clock.nowMs = Math.floor(clock.nowMs / TICK_MS) * TICK_MS + afterMs;
      expect(await regionOf(key, there)).toBe(HOME);
      expect(await regionOf(second.key, there)).toBe(HOME);
    }
    clock.nowMs = Math.floor(clock.nowMs / TICK_MS) * TICK_MS + TICK_MS;
    expect(await regionOf(second.key, there)).toBe(far);
    expect(await regionOf(key, here)).toBe(far);
  });
});
