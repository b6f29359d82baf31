// What crosses HTTP in the Mozilla/Google geolocation family. The request schemas document: real clients break every one
// of these types, so read-geolocate.ts decides and nothing is refused by schema. The answer schemas are what
// `locateText` and routes.ts write, field by field, so that no other can leave.
import { type Static, Type } from 'typebox';
import { SOURCE_NAMES, sourceNames } from '../devices/device-contract.ts';
import { foundBy, LANGUAGES, type Language } from '../devices/source-words-contract.ts';
import { degreeText } from './degree-text.ts';
import type { Estimate } from './locator.ts';

const word = <T extends string>(...words: T[]) => Type.Unsafe<T>({ type: 'string', enum: words });
const integer = (description: string) => Type.Optional(Type.Integer({ description }));
const number = (description: string) => Type.Optional(Type.Number({ description }));

const CellTower = Type.Object({
  radioType: Type.Optional(word('gsm', 'wcdma', 'umts', 'lte', 'nr')),
  mobileCountryCode: integer(
    'MCC; also accepted as a string. Without it or an MNC the cell is a neighbour, told by its PSC or PCI',
  ),
  mobileNetworkCode: integer('MNC; also accepted as a string'),
  locationAreaCode: integer('LAC, or TAC for lte (16 bits) and nr (24 bits)'),
  cellId: integer('CID, UTRAN/E-UTRAN cell identity or NCI (36 bits); without it, the area answers'),
  primaryScramblingCode: integer('PSC or PCI; `psc` is accepted too'),
  signalStrength: integer('dBm'),
  timingAdvance: integer('GSM: 550 m steps, LTE: 78 m steps'),
  age: integer('milliseconds since it was seen'),
});
const WifiAccessPoint = Type.Object({
  macAddress: Type.String({ description: 'BSSID: twelve hex digits with `:`, `-`, `.` or nothing between them' }),
  signalStrength: integer('dBm'),
  age: integer('milliseconds since it was seen'),
  channel: integer('ignored'),
  frequency: integer('ignored'),
  signalToNoiseRatio: integer('ignored'),
});
const BluetoothBeacon = Type.Object({
  macAddress: Type.String(),
  signalStrength: integer('dBm'),
  age: integer('milliseconds since it was seen'),
});
const Position = Type.Object(
  {
    latitude: Type.Number(),
    longitude: Type.Number(),
    accuracy: number('metres'),
    age: integer('milliseconds since the fix'),
    speed: number('metres per second'),
    source: Type.Optional(
      Type.String({
        description:
          'what it rests on: a position from `query`, `network`, `cell`, `wifi`, `bluetooth`, `ip` and the like is not used; one from `gps`, `gnss`, `fixed`, `manual`, `fused`, nothing or any other word is',
      }),
    ),
  },
  { description: "The phone's own satellite fix, in the shape of a geosubmit position" },
);

/** Every field may be absent: an empty body asks for the position of the IP address. */
export const LocateBody = Type.Object(
  {
    radioType: Type.Optional(word('gsm', 'wcdma', 'umts', 'lte', 'nr')),
    homeMobileCountryCode: integer('ignored: the country of the SIM, not of the phone'),
    homeMobileNetworkCode: integer('ignored'),
    carrier: Type.Optional(Type.String({ description: 'ignored' })),
    considerIp: Type.Optional(Type.Boolean({ description: 'false: the IP address is never used' })),
    fallbacks: Type.Optional(
      Type.Object({
        lacf: Type.Optional(Type.Boolean({ description: 'false: no area instead of a cell' })),
        ipf: Type.Optional(Type.Boolean({ description: 'false: no IP position' })),
      }),
    ),
    cellTowers: Type.Optional(Type.Array(CellTower)),
    wifiAccessPoints: Type.Optional(Type.Array(WifiAccessPoint)),
    bluetoothBeacons: Type.Optional(Type.Array(BluetoothBeacon)),
    position: Type.Optional(Position),
  },
  { title: 'LocateBody' },
);

export const LocateQuery = Type.Object({
  device: Type.Optional(
    Type.String({
      description:
        'A token of the device: its own, for phones set up by their maker, or the one it gave the asking application. Also as a bearer',
    }),
  ),
  purpose: Type.Optional(
    Type.String({ description: 'What a partner wants it for (DPV); default: the first purpose of its application' }),
  ),
  explain: Type.Optional(
    Type.Unsafe<Language>({
      type: 'string',
      enum: LANGUAGES,
      description: 'A phone that names itself is told by what it was found and who was told, in this language',
    }),
  ),
  polygon: Type.Optional(Type.String({ description: '`1`: a coarse answer also has the outline of its region' })),
});

/** Nobody is told more of a country, and no partner any. */
export const CountryQuery = Type.Pick(LocateQuery, ['device']);

export const LocateAnswer = Type.Object(
  {
    location: Type.Object({ lat: Type.Number(), lng: Type.Number() }),
    accuracy: Type.Number({
      description: 'Radius in metres of the circle that holds the device in 95 % of cases; > 0',
    }),
    fallback: Type.Optional(word('lacf', 'ipf')),
    precision: Type.Optional(word('region', 'precise')),
    region: Type.Optional(Type.String({ description: 'H3 index of the region a coarse answer names' })),
    bucket: Type.Optional(Type.String({ description: 'Start of the quarter of an hour that a coarse answer is of' })),
    mapVersion: Type.Optional(Type.String({ description: 'Version of the anonymity map that a region is of' })),
    polygon: Type.Optional(
      Type.Array(Type.Array(Type.Number()), { description: "Outline of the region's H3 cell: [longitude, latitude]" }),
    ),
    source: Type.Optional(word('gps', 'wifi', 'bluetooth', 'cell', 'area', 'ip', 'fused')),
    sources: Type.Optional(Type.Array(word(...SOURCE_NAMES), { description: 'With `explain`: by what it was found' })),
    inWords: Type.Optional(Type.String({ description: 'With `explain`: that, and who was told' })),
    timestamp: Type.Optional(Type.String({ description: 'When a precise answer was found' })),
  },
  {
    title: 'LocateAnswer',
    description:
      'A position. A partner is told `precision: "region"` with the centre and radius of a region, the same for all in ' +
      'it, or, if the person granted exactly that, `precision: "precise"`.',
  },
);
export type LocateAnswer = Static<typeof LocateAnswer>;

/** From here on a metre is less than a hundredth. */
const TENTHS_BELOW_M = 100;

/** The bytes of a phone's own answer, ASCII; fields are named here one by one, so that no other can leave. */
export function locateText({ lat, lon, accuracyM, fallback }: Readonly<Estimate>): string {
  const place = `{"location":{"lat":${degreeText(lat)},"lng":${degreeText(lon)}},"accuracy":${metresText(accuracyM)}`;
  return fallback === '' ? `${place}}` : `${place},"fallback":"${fallback}"}`;
}

/** The same for a phone that asks, with its token, to be told how: by what it was found and who was told, in words. */
export function explainedText(found: Readonly<Estimate>, language: Language): string {
  const by = foundBy(found.sources, language);
  if (by === '') return locateText(found);
  const told =
    language === 'nl'
      ? 'Alleen jij kreeg dit te horen; wie eerder iets zag staat in /v1/me/disclosures.'
      : 'Only you were told; who was shown something before is in /v1/me/disclosures.';
  const inWords = JSON.stringify(`${by[0].toUpperCase()}${by.slice(1)}. ${told}`).replace(/’/g, '\\u2019');
  return `${locateText(found).slice(0, -1)},"sources":${JSON.stringify(sourceNames(found.sources))},"inWords":${inWords}}`;
}

/** Metres rounded up, to tenths where whole ones would widen a circle of 5 m by a tenth; put together from integers, as a double costs more. */
function metresText(m: number): string {
  const tenths = Math.ceil(m * 10);
  return m >= TENTHS_BELOW_M || tenths % 10 === 0 ? `${Math.ceil(m)}` : `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

export const CountryAnswer = Type.Object(
  {
    country_code: Type.String({ description: 'ISO 3166-1 alpha-2' }),
    country_name: Type.String(),
    fallback: Type.Optional(word('ipf')),
  },
  { title: 'CountryAnswer', description: 'A country.' },
);
export type CountryAnswer = Static<typeof CountryAnswer>;
