// Bodies as real clients send them (reference: their sources and recordings), with invented places and addresses.
export const NOW_MS = Date.parse('2026-11-22T12:34:56Z');

/** KaiOS 2.5's stumbler: bare MACs, ASU beside dBm, no ages. */
export const KAIOS = {
  items: [
    {
      timestamp: NOW_MS - 7_200_000,
      position: {
        latitude: 38.7223,
        longitude: -9.1393,
        accuracy: 12,
        altitude: 80,
        altitudeAccuracy: 5,
        heading: 90,
        speed: 1.2,
      },
      cellTowers: [
        {
          radioType: 'gsm',
          serving: 1,
          mobileCountryCode: 268,
          mobileNetworkCode: 1,
          cellId: 22136,
          locationAreaCode: 4660,
          asu: 20,
          signalStrength: -73,
          timingAdvance: 2,
        },
        {
          radioType: 'wcdma',
          mobileCountryCode: 268,
          mobileNetworkCode: 1,
          cellId: -1,
          locationAreaCode: -1,
          asu: 99,
          signalStrength: 85,
          psc: 17,
        },
      ],
      wifiAccessPoints: [
        { macAddress: '001122334455', signalStrength: -60 },
        { macAddress: '0011223344aa', signalStrength: -71 },
      ],
    },
  ],
};

/** GeoClue 2.6: MLS submit v1 items, posted to whatever URL it was given. */
export const GEOCLUE = {
  items: [
    {
      lat: 48.1371,
      lon: 11.5754,
      accuracy: 3.0,
      altitude: 519.0,
      time: '2026-11-22T11:42:56+00',
      radioType: 'gsm',
      cell: [{ radio: 'gsm', cid: 22136, mcc: 262, mnc: 1, lac: 4660 }],
    },
    {
      lat: 48.1371,
      lon: 11.5754,
      accuracy: 3.0,
      time: '2026-11-22T11:42:56+00',
      wifi: [{ key: '00:1a:2b:3c:4d:5e', ssid: 'alpha', signal: -50, frequency: 2412 }],
    },
  ],
};

/** NeoStumbler: nr, strings beside numbers, Wi-Fi 6, ages, beacons with identifiers. */
export const NEOSTUMBLER = {
  items: [
    {
      timestamp: NOW_MS - 60_000,
      position: {
        latitude: 60.1699,
        longitude: 24.9384,
        accuracy: 5.1,
        age: 1200,
        altitude: 10.2,
        altitudeAccuracy: 3,
        heading: 10,
        pressure: 1010.2,
        speed: 1.0,
        source: 'gps',
      },
      cellTowers: [
        {
          radioType: 'nr',
          mobileCountryCode: 244,
          mobileNetworkCode: 5,
          mobileCountryCodeStr: '244',
          mobileNetworkCodeStr: '05',
          locationAreaCode: 1_048_577,
          cellId: 68_719_476_000,
          age: 900,
          asu: 60,
          primaryScramblingCode: 991,
          serving: 1,
          signalStrength: -96,
          arfcn: 632_448,
        },
      ],
      wifiAccessPoints: [
        {
          macAddress: '00:1a:2b:00:00:01',
          radioType: '802.11ax',
          age: 800,
          channel: 36,
          frequency: 5180,
          signalStrength: -58,
          ssid: 'Cafe',
        },
      ],
      bluetoothBeacons: [
        {
          macAddress: '00:1b:2c:00:00:02',
          age: 500,
          name: null,
          signalStrength: -70,
          beaconType: 533,
          id1: 'a',
          id2: 'b',
          id3: 'c',
        },
      ],
    },
  ],
};

/** Geosubmit's first version: the position's fields in the item itself. */
export const GEOSUBMIT_V1 = {
  items: [
    {
      latitude: -33.8688,
      longitude: 151.2093,
      accuracy: 20,
      timestamp: NOW_MS - 10_000,
      radioType: 'lte',
      cellTowers: [
        {
          mobileCountryCode: '505',
          mobileNetworkCode: '01',
          locationAreaCode: 12345,
          cellId: 30_000_001,
          psc: 100,
          signalStrength: -101,
        },
      ],
    },
  ],
};
