// Any station that the store may hold, for property tests: every type, every field, nulls everywhere they may stand.
import fc from 'fast-check';
import { MAX_AREA, MAX_CELL, MAX_PSC, type Radio } from '../../src/radio/cell.ts';
import type { Station } from '../../src/stations/station.ts';

/** The present, in tests. */
export const NOW_MS = Date.UTC(2026, 5, 1);

const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const time = orNull(fc.integer({ min: 0, max: NOW_MS }));
const degrees = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true }).map((value) => value + 0);
const position = fc.oneof(
  { weight: 5, arbitrary: fc.record({ lat: degrees(90), lon: degrees(180) }) },
  { weight: 1, arbitrary: fc.constant({ lat: null, lon: null }) },
);

const evidence = fc
  .tuple(
    position.filter(({ lat, lon }) => lat !== 0 || lon !== 0),
    fc.record({
      radiusM: orNull(fc.double({ min: 0, max: 20_037_508, noNaN: true }).map((value) => value + 0)),
      samples: orNull(fc.integer({ min: 0, max: 0x7fff_ffff })),
      weight: orNull(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
      source: orNull(fc.constantFrom('gnss' as const, 'query' as const)),
      createdAt: time,
      modifiedAt: time,
      lastSeenAt: time,
      blockedAt: time,
      blockCount: fc.integer({ min: 0, max: 0x7fff }),
    }),
  )
  .map(([where, rest]) => ({ ...where, ...rest }));

const area = fc.constantFrom<Radio>(1, 2, 3, 4).chain((radio) =>
  fc.record({
    radio: fc.constant(radio),
    mcc: fc.integer({ min: 1, max: 999 }),
    mnc: fc.integer({ min: 0, max: 999 }),
    area: fc.integer({ min: 1, max: MAX_AREA[radio] }),
  }),
);

const cell = area.chain((place) =>
  fc.record({
    type: fc.constant('cell' as const),
    radio: fc.constant(place.radio),
    mcc: fc.constant(place.mcc),
    mnc: fc.constant(place.mnc),
    area: fc.constant(place.area),
    cellId: fc.integer({ min: 1, max: MAX_CELL[place.radio] - 1 }),
    psc: orNull(fc.integer({ min: 0, max: MAX_PSC[place.radio] })),
  }),
);

/** Any MAC that may name a transmitter: neither group nor locally administered. */
const mac = fc
  .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 1, max: 2 ** 40 - 1 }))
  .map(([top, rest]) => top * 4 * 2 ** 40 + rest);

export const anyStation: fc.Arbitrary<Station> = fc
  .tuple(
    fc.oneof(
      cell,
      area.map((place) => ({ type: 'area' as const, ...place })),
      fc.record({ type: fc.constantFrom('wifi' as const, 'bluetooth' as const), mac }),
    ),
    evidence,
  )
  .map(([identity, believed]) => ({ ...identity, ...believed }));

/** What tells one station from another. */
export function identityOf(station: Station): string {
  if (station.type !== 'cell' && station.type !== 'area') return `${station.type} ${station.mac}`;
  const place = `${station.type} ${station.radio} ${station.mcc} ${station.mnc} ${station.area}`;
  return station.type === 'cell' ? `${place} ${station.cellId}` : place;
}
