// Requests as real clients sent them: recorded on this wire (Firefox ESR 153, GeoClue 2.6.0, Chromium 156) or built by
// the lines of the clients' own sources (Firefox OS, KaiOS 2.5 and 3, microG, Sailfish mlsdb, NeoStumbler). Bodies are bytes, not
// objects, because spelling, spaces and number forms are what breaks servers.

type RecordedRequest = {
  readonly client: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Readings that must have been understood. */
  readonly wifi: number;
  readonly cells: number;
};

const JSON_UTF8 = 'application/json; charset=UTF-8';

export const REQUESTS: readonly RecordedRequest[] = [
  {
    client: 'Firefox ESR 153, its first request: a JSON type and no body',
    headers: {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
      accept: '*/*',
      'accept-language': 'en-US,en;q=0.9',
      'accept-encoding': 'gzip, deflate, br, zstd',
      'content-type': JSON_UTF8,
      priority: 'u=4',
      'content-length': '0',
    },
    body: '',
    wifi: 0,
    cells: 0,
  },
  {
    client: 'Firefox ESR 153 with Wi-Fi: dashes',
    headers: { 'content-type': JSON_UTF8 },
    body: '{"wifiAccessPoints":[{"macAddress":"00-11-22-33-44-01","signalStrength":-50},{"macAddress":"00-11-22-33-44-02","signalStrength":-60}]}',
    wifi: 2,
    cells: 0,
  },
  {
    client: 'older desktop Gecko: an empty list',
    headers: { 'content-type': JSON_UTF8 },
    body: '{"wifiAccessPoints":[]}',
    wifi: 0,
    cells: 0,
  },
  {
    client: 'GeoClue 2.6.0 without Wi-Fi, complete',
    headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip, deflate', 'content-length': '2' },
    body: '{}',
    wifi: 0,
    cells: 0,
  },
  {
    client: 'GeoClue 2.6.0, Wi-Fi with names',
    headers: { 'content-type': 'application/json' },
    body: '{"wifiAccessPoints":[{"macAddress":"00:11:22:33:44:01","ssid":"alpha","signalStrength":-50},{"macAddress":"00:11:22:33:44:02","ssid":"beta","signalStrength":-61}]}',
    wifi: 2,
    cells: 0,
  },
  {
    client: 'GeoClue 2.6.0, an LTE cell under a gsm request',
    headers: { 'content-type': 'application/json' },
    body: '{"radioType":"gsm","cellTowers":[{"radioType":"lte","cellId":22136,"mobileCountryCode":262,"mobileNetworkCode":1,"locationAreaCode":4660}]}',
    wifi: 0,
    cells: 1,
  },
  {
    client: 'Chromium 156',
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache', 'sec-fetch-site': 'none' },
    body: '{"wifiAccessPoints":[{"age":0,"channel":1,"macAddress":"00-11-22-33-44-01","signalStrength":-50}]}',
    wifi: 1,
    cells: 0,
  },
  {
    client: 'KaiOS 2.5: names, +85 dBm, unknown cell of the second SIM',
    headers: { 'content-type': JSON_UTF8 },
    body: '{"cellTowers":[{"radioType":"gsm","mobileCountryCode":204,"mobileNetworkCode":4,"locationAreaCode":4660,"cellId":22136,"signalStrength":85},{"mobileCountryCode":204,"mobileNetworkCode":8,"locationAreaCode":-1,"cellId":-1,"signalStrength":85}],"wifiAccessPoints":[{"macAddress":"00-11-22-33-44-01","signalStrength":-60,"ssid":"x"},{"macAddress":"00-11-22-33-44-02","signalStrength":-70,"ssid":"y"}]}',
    wifi: 2,
    cells: 1,
  },
  {
    client: 'KaiOS 2.5 of 2018: numbers as strings, a token of another service',
    headers: { 'content-type': JSON_UTF8, authorization: 'Bearer eyJhbGciOi.not.ours' },
    body: '{"cellTowers":[{"radioType":"wcdma","mobileCountryCode":"204","mobileNetworkCode":"04","locationAreaCode":4660,"cellId":22136}]}',
    wifi: 0,
    cells: 1,
  },
  {
    client: 'Firefox OS 1.4 to 2.2: `radio` in a cell, codes as strings',
    headers: { 'content-type': JSON_UTF8 },
    body: '{"wifiAccessPoints":[{"macAddress":"00-11-22-33-44-01","signalStrength":-60},{"macAddress":"00-11-22-33-44-02","signalStrength":-70}],"cellTowers":[{"radio":"wcdma","mobileCountryCode":"204","mobileNetworkCode":"04","locationAreaCode":4660,"cellId":22136}]}',
    wifi: 2,
    cells: 1,
  },
  {
    client: 'KaiOS 3: considerIp false, a 5G cell without a type',
    headers: { 'content-type': JSON_UTF8 },
    body: '{"cellTowers":[{"radioType":"lte","mobileCountryCode":404,"mobileNetworkCode":45,"locationAreaCode":30001,"cellId":100200300,"signalStrength":-97},{"mobileCountryCode":404,"mobileNetworkCode":45,"locationAreaCode":30001,"cellId":100200301,"signalStrength":-99}],"wifiAccessPoints":[{"macAddress":"00:11:22:33:44:01","signalStrength":-60},{"macAddress":"00:11:22:33:44:02","signalStrength":-71}],"considerIp":false,"hpeConfidence":95}',
    wifi: 2,
    cells: 1,
  },
  {
    client: 'microG GmsCore, cell',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'microG/0.3.6 (Linux; Android 13; org.example)',
      'x-ichnaea-contribute-opt-in': '0',
    },
    body: '{"considerIp":false,"radioType":"lte","homeMobileCountryCode":262,"homeMobileNetworkCode":2,"cellTowers":[{"radioType":"lte","mobileCountryCode":262,"mobileNetworkCode":2,"locationAreaCode":4660,"cellId":22136001,"age":0,"psc":301,"signalStrength":-101}],"fallbacks":{"lacf":true,"ipf":false}}',
    wifi: 0,
    cells: 1,
  },
  {
    client: 'UnifiedNlp Ichnaea backend: the form type that Android adds',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '{"radioType":"gsm","cellTowers":[{"radioType":"gsm","mobileCountryCode":262,"mobileNetworkCode":2,"locationAreaCode":4660,"cellId":22136,"asu":17,"psc":5}],"fallbacks":{"lacf":true,"ipf":false}}',
    wifi: 0,
    cells: 1,
  },
  {
    client: 'Sailfish mlsdb: indented, home codes as strings',
    headers: { 'content-type': 'application/json' },
    body: '{\n    "carrier": "Elisa",\n    "cellTowers": [\n        {\n            "cellId": 22136,\n            "locationAreaCode": 4660,\n            "mobileCountryCode": 244,\n            "mobileNetworkCode": 5,\n            "radioType": "gsm",\n            "signalStrength": -71\n        }\n    ],\n    "considerIp": true,\n    "fallbacks": {\n        "ipf": true,\n        "lacf": true\n    },\n    "homeMobileCountryCode": "244",\n    "homeMobileNetworkCode": "5",\n    "wifiAccessPoints": [\n        {\n            "macAddress": "00:11:22:33:44:01",\n            "signalStrength": -50\n        },\n        {\n            "macAddress": "00:11:22:33:44:02",\n            "signalStrength": -55\n        }\n    ]\n}\n',
    wifi: 2,
    cells: 1,
  },
  {
    client: 'NeoStumbler: nr, beacons, unknown words',
    headers: { 'content-type': 'application/json' },
    body: '{"considerIp":true,"cellTowers":[{"radioType":"nr","mobileCountryCode":244,"mobileNetworkCode":91,"mobileNetworkCodeStr":"91","locationAreaCode":1048577,"cellId":68719476000,"primaryScramblingCode":1007,"arfcn":630000,"signalStrength":-93}],"wifiAccessPoints":[{"macAddress":"00:11:22:33:44:01","radioType":"802.11ax","channel":36,"frequency":5180,"signalStrength":-47,"ssid":"z"}],"bluetoothBeacons":[{"macAddress":"00:11:22:33:55:01","name":"b","signalStrength":-70}]}',
    wifi: 1,
    cells: 1,
  },
];
