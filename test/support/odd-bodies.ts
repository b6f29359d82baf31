// Bodies that no sane client sends: any JSON, real requests with pieces replaced, bytes cut, flipped and glued, packed and
// half packed. For the fuzz test and the longer soak of bench/fuzz.ts; seeded, so that a failure can be repeated.
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseMac } from '../../src/radio/mac.ts';
import { MAC_KIND, type StationReader } from '../../src/stations/index-contract.ts';
import { REQUESTS } from '../contract/requests.ts';
import { createMemoryStations } from './memory-stations.ts';

type OddRequest = { readonly headers: Record<string, string>; readonly body: Buffer };

const FAST_BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const FIELDS = [
  ...['wifiAccessPoints', 'cellTowers', 'bluetoothBeacons', 'fallbacks', 'position', 'considerIp', 'radioType'],
  ...['macAddress', 'signalStrength', 'age', 'mobileCountryCode', 'mobileNetworkCode', 'locationAreaCode', 'cellId'],
  ...['latitude', 'longitude', 'accuracy', 'lacf', 'ipf', 'ssid', 'psc', 'timingAdvance', '__proto__', 'constructor'],
];
const edge = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    false,
    '',
    '0',
    '-1',
    '1e309',
    'NaN',
    [],
    {},
    0,
    -0,
    -1,
    85,
    1e308,
    -1e308,
    5e-324,
    2 ** 53,
    0xf_ffff_ffff,
  ],
  ...['00:11:22:33:44:55', '00-11-22-33-44-5', 'gsm', 'nr', 'LTE', '\u0000', '\ud800', 'é'.repeat(200)],
);
const leaf = fc.oneof(edge, fc.double(), fc.integer(), fc.string(), fc.jsonValue());

const oddObject = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('value'), { maxKeys: 8 }),
  ),
})).value;

/** A recorded request in which one place holds something else. */
const changedReal = fc
  .record({ request: fc.constantFrom(...REQUESTS.filter(({ body }) => body !== '')), at: fc.nat(), by: leaf })
  .map(({ request, at, by }) => {
    const root: unknown = JSON.parse(request.body);
    const places: { holder: Record<string, unknown>; field: string }[] = [];
    const walk = (value: unknown) => {
      if (typeof value !== 'object' || value === null) return;
      for (const field of Object.keys(value)) {
        places.push({ holder: value as Record<string, unknown>, field });
        walk((value as Record<string, unknown>)[field]);
      }
    };
    walk(root);
    const place = places[at % Math.max(1, places.length)];
    if (place) place.holder[place.field] = by;
    return root;
  });

const manyEntries = fc
  .record({
    list: fc.constantFrom('wifiAccessPoints', 'cellTowers', 'bluetoothBeacons'),
    entry: oddObject,
    count: fc.nat(1500),
  })
  .map(({ list, entry, count }) => ({ [list]: new Array(count).fill(entry) }));
const deep = fc.nat(20_000).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`);

const text = fc.oneof(
  { weight: 4, arbitrary: oddObject.map((value) => JSON.stringify(value) ?? '') },
  { weight: 6, arbitrary: changedReal.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: manyEntries.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
);

const damage = fc.record({ cut: fc.nat(), flip: fc.nat(), bit: fc.nat(7), how: fc.nat(19) });

export const oddRequests: fc.Arbitrary<OddRequest> = fc
  .record({
    text,
    pack: fc.constantFrom('', '', '', 'gzip', 'gzip', 'deflate', 'br'),
    announced: fc.oneof(
      { weight: 4, arbitrary: fc.constant('same') },
      { weight: 1, arbitrary: fc.constantFrom(undefined, 'gzip', 'br', 'deflate', 'zstd', 'identity', 'x') },
    ),
    type: fc.constantFrom(undefined, 'application/json', 'text/plain', 'gzip', 'application/json; charset=latin1', ';'),
    damage,
  })
  .map(({ text: body, pack, announced, type, damage: { cut, flip, bit, how } }) => {
    let bytes = Buffer.from(body);
    if (pack === 'gzip') bytes = gzipSync(bytes);
    else if (pack === 'deflate') bytes = deflateSync(bytes);
    else if (pack === 'br') bytes = brotliCompressSync(bytes, FAST_BROTLI);
    if (how === 0) bytes = bytes.subarray(0, cut % (bytes.length + 1));
    if (how === 1 && bytes.length > 0) bytes[flip % bytes.length] ^= 1 << bit;
    if (how === 2) bytes = Buffer.concat([bytes, bytes]);
    const headers: Record<string, string> = {};
    if (type !== undefined) headers['content-type'] = type;
    const encoding = announced === 'same' ? pack : announced;
    if (encoding !== undefined && encoding !== '') headers['content-encoding'] = encoding;
    return { headers, body: bytes };
  });

/** What a client may be told, whatever it sent. */
export const ALLOWED_STATUSES: ReadonlySet<number> = new Set([200, 400, 404, 413, 429]);

/** A map that knows the transmitters of the recorded requests, so that odd ones too get as far as an answer. */
export function knownStations(): StationReader {
  const stations = createMemoryStations();
  for (let i = 1; i <= 9; i++) {
    const mac = parseMac(`00112233440${i}`);
    stations.putMac(MAC_KIND.wifi, mac, { lat: 52.5 + i * 1e-4, lon: 13.4, radiusM: 60, samples: 20 });
  }
  for (const radio of [1, 2, 3]) {
    for (const [mcc, mnc] of [
      [262, 1],
      [262, 2],
      [204, 4],
      [244, 5],
    ]) {
      stations.putCell(radio, mcc, mnc, 4660, 22136, { lat: 52.5, lon: 13.4, radiusM: 2000, samples: 20 });
      stations.putArea(radio, mcc, mnc, 4660, { lat: 52.5, lon: 13.4, radiusM: 9000, samples: 20 });
    }
  }
  return stations;
}
