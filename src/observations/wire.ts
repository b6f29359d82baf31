// What a submission looks like, for readers of the API's description: geosubmit's second version. Its two older shapes are
// read too. The schema documents; nothing is refused by it (read-report.ts decides entry by entry).
import { Type } from 'typebox';
import { MAX_ITEMS, MAX_STATIONS } from './report.ts';

const integer = (description: string) => Type.Optional(Type.Integer({ description }));
const number = (description: string) => Type.Optional(Type.Number({ description }));
const text = (description: string) => Type.Optional(Type.String({ description }));

const Position = Type.Object({
  latitude: Type.Number(),
  longitude: Type.Number(),
  accuracy: number('metres; absent, 0 or less: unknown'),
  age: integer('milliseconds between the fix and `timestamp`'),
  altitude: number('metres'),
  speed: number('metres per second'),
  source: text(
    'what it rests on: positions from `query`, `network`, `cell`, `wifi`, `bluetooth`, `ip` and the like teach nothing; `gps`, `gnss`, `fixed`, `manual`, `fused`, nothing or any other word do',
  ),
});
const CellTower = Type.Object({
  radioType: text('gsm, wcdma (umts), lte or nr'),
  mobileCountryCode: integer('without it, an MNC, an area or a cell id it is a neighbour, told by its PSC or PCI'),
  mobileNetworkCode: integer('MNC'),
  locationAreaCode: integer('LAC or TAC'),
  cellId: integer('CID, UTRAN/E-UTRAN cell identity or NCI'),
  primaryScramblingCode: integer('PSC or PCI'),
  signalStrength: integer('dBm'),
  timingAdvance: integer('steps of the radio technology'),
  serving: integer('1: the phone is attached to it'),
  age: integer('milliseconds between hearing it and `timestamp`'),
});
const WifiAccessPoint = Type.Object({
  macAddress: Type.String(),
  signalStrength: integer('dBm'),
  age: integer('milliseconds between hearing it and `timestamp`'),
  ssid: text('only looked at for `_nomap`, `_optout` and emptiness, never stored'),
});
const BluetoothBeacon = Type.Object({
  macAddress: Type.String(),
  signalStrength: integer('dBm'),
  age: integer('milliseconds between hearing it and `timestamp`'),
});

export const SubmitBody = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        timestamp: integer('epoch milliseconds; absent or unbelievable: now. Kept to the hour'),
        position: Position,
        cellTowers: Type.Optional(Type.Array(CellTower)),
        wifiAccessPoints: Type.Optional(Type.Array(WifiAccessPoint)),
        bluetoothBeacons: Type.Optional(Type.Array(BluetoothBeacon)),
      }),
      { description: `At most ${MAX_ITEMS} reports of at most ${MAX_STATIONS} transmitters each.` },
    ),
  },
  { title: 'SubmitBody' },
);

export const SubmitQuery = Type.Object({
  key: text('optional; counts against its quota if it is known'),
  device: text(
    "the phone's token, also as a bearer: what its user switched off is left out. A partner's key with one is 422",
  ),
});
export const SubmitAnswer = Type.Object({}, { title: 'SubmitAnswer', description: 'Stored durably.' });
