import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { countryRadiusM } from '../../src/positioning/borders.ts';
import { openIpReader } from '../../src/positioning/ip.ts';
import { loadIpDatabase } from '../../src/positioning/ip-database.ts';

const MAXMIND = '../shared/data/ip/GeoIP2-City-Test.mmdb';
const RECORDS = '../shared/data/ip/GeoIP2-City-Test.source.json';

describe('the packaged database (flat records, one file a family)', async () => {
  const handle = await loadIpDatabase();
  const reader = openIpReader(handle);

  test('a city is a city: at least 25 km, more in a wide country, within the country', () => {
    const london = reader.find('81.2.69.142')!;
    expect(london.countryCode).toBe('GB');
    expect(Math.hypot(london.lat - 51.5, london.lon + 0.1)).toBeLessThan(0.3);
    expect(london.accuracyM).toBeGreaterThanOrEqual(25_000);
    expect(london.accuracyM).toBeLessThan(countryRadiusM('GB'));
    expect(reader.find('223.176.0.1')!.accuracyM).toBeGreaterThan(london.accuracyM);
  });

  test('both families and the mapped form answer alike', () => {
    expect(reader.find('2a02:8388::1')).toMatchObject({ countryCode: 'AT' });
    expect(reader.find('::ffff:81.2.69.142')).toEqual(reader.find('81.2.69.142'));
    expect(reader.find('::FFFF:81.2.69.142%eth0')).toEqual(reader.find('81.2.69.142'));
  });

  test.each([
    ['6to4', '2002:5102:458e::1'],
    ['6to4 of some host', '2002:5102:458E:7:a:b:c:d'],
    ['NAT64', '64:ff9b::5102:458e'],
    ['NAT64, dotted', '64:FF9B::81.2.69.142'],
    ['NAT64, written out', '0064:ff9b:0:0:0:0:5102:458e'],
    ['mapped, in hex', '::ffff:5102:458e'],
    ['6to4 with a port', '[2002:5102:458e::1]:4711'],
  ])('an address inside another (%s) is looked up as itself', (_what, ip) => {
    expect(reader.find('81.2.69.142')).not.toBeNull();
    expect(reader.find(ip)).toEqual(reader.find('81.2.69.142'));
  });

  test('the port that some proxies add to an address changes nothing', () => {
    expect(reader.find('81.2.69.142:4711')).toEqual(reader.find('81.2.69.142'));
    expect(reader.find('::ffff:81.2.69.142:4711')).toEqual(reader.find('81.2.69.142'));
    expect(reader.find('[2a02:8388::1]:4711')).toEqual(reader.find('2a02:8388::1'));
    expect(reader.find('10.0.0.1:80')).toBeNull();
  });

  test.each([
    '10.0.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '100.64.3.4',
    '169.254.1.1',
    '::1',
    '::',
    'fe80::1%eth0',
    'fd00::1',
    '2001:db8::1',
    '224.0.0.1',
    '0.0.0.0',
    '203.0.113.9',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '2002:a00:1::1',
    '2002:7f00:1::',
    '2002::',
    '64:ff9b::10.0.0.1',
    '64:ff9b::c0a8:101',
    '64:ff9b:1::5102:458e',
    'nonsense',
    '',
    '999.1.1.1',
    '1.2.3',
  ])('the address %j is nowhere', (ip) => {
    expect(reader.find(ip)).toBeNull();
  });

  test('one copy in memory serves other threads', async () => {
    const ipModule = new URL('../../src/positioning/ip.ts', import.meta.url).href;
    const worker = new Worker(
      `import('${ipModule}').then(({ openIpReader }) => { const { parentPort, workerData } = require('node:worker_threads');
       parentPort.postMessage(openIpReader(workerData).find('81.2.69.142')); });`,
      { eval: true, workerData: handle },
    );
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
    expect(answer).toEqual(reader.find('81.2.69.142'));
    expect(handle.files.every((file) => file instanceof SharedArrayBuffer)).toBe(true);
  });
});

describe.skipIf(!existsSync(MAXMIND))(
  "MaxMind's test database (nested records), skipped without ../shared/data",
  () => {
    type Source = {
      location?: { latitude: number; longitude: number; accuracy_radius?: number };
      country?: { iso_code: string };
      city?: object;
      traits?: { user_type?: string; connection_type?: string };
    };

    test('every public network of the source file gives its own point, no better than its stated radius or 25 km', async () => {
      const reader = openIpReader(await loadIpDatabase(MAXMIND));
      let checked = 0;
      for (const entry of JSON.parse(readFileSync(RECORDS, 'utf8')) as Record<string, Source>[]) {
        for (const [network, record] of Object.entries(entry)) {
          const ip = network.split('/')[0];
          const place = reader.find(ip);
          if (place === null || record.location?.latitude === undefined) continue;
          checked++;
          expect([place.lat, place.lon]).toEqual([record.location.latitude, record.location.longitude]);
          if (record.country) expect(place.countryCode).toBe(record.country.iso_code);
          expect(place.accuracyM).toBeGreaterThanOrEqual(25_000);
          if (!record.city)
            expect(place.accuracyM).toBeGreaterThanOrEqual(Math.min(countryRadiusM(place.countryCode), 100_000));
        }
      }
      expect(checked).toBeGreaterThan(150);
    });
  },
);

describe('a database that knows a place for every address', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'honeyguide-ip-'));
  writeFileSync(join(folder, 'all.mmdb'), everywhere());
  const reader = openIpReader(await loadIpDatabase(join(folder, 'all.mmdb')));
  rmSync(folder, { recursive: true });

  test.each([
    ...['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255', '127.0.0.1'],
    ...['169.254.0.0', '172.16.0.0', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.0', '192.168.255.255'],
    ...['198.18.0.0', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '255.255.255.255', '::', '::1'],
    ...['64:ff9b:1::1', '100::1', '2001:db8::1', 'fc00::1', 'fdff::1', 'fe80::1', 'febf::1', 'ff02::1'],
  ])('knows none for %s: it is nowhere on the public net', (ip) => {
    expect(reader.find(ip)).toBeNull();
  });

  test.each([
    ...['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '128.0.0.1', '172.15.255.255'],
    ...['172.32.0.0', '192.167.255.255', '198.17.255.255', '198.20.0.0', '223.255.255.255', '2a00::1', 'fec0::1'],
  ])('knows one for %s, beside those', (ip) => {
    expect(reader.find(ip)).toMatchObject({ lat: 51.5, countryCode: 'GB' });
  });
});

/** A MaxMind database of one node, both sides of which are one flat record (its format 2.0). */
function everywhere(): Buffer {
  const sized = (type: number, bytes: Buffer) => Buffer.concat([Buffer.from([(type << 5) | bytes.length]), bytes]);
  const text = (value: string) => sized(2, Buffer.from(value));
  const number = (value: number) => sized(6, Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]));
  const double = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return sized(3, bytes);
  };
  const map = (fields: Record<string, Buffer>) =>
    Buffer.concat([
      Buffer.from([(7 << 5) | Object.keys(fields).length]),
      ...Object.entries(fields).flatMap(([name, value]) => [text(name), value]),
    ]);
  // A tree of one node whose records point at the first byte of the data.
  const tree = Buffer.from([0, 0, 17, 0, 0, 17]);
  const data = map({ country_code: text('GB'), city: text('London'), latitude: double(51.5), longitude: double(-0.1) });
  const about = map({
    ...{ node_count: number(1), record_size: number(24), ip_version: number(6), build_epoch: number(1) },
    ...{ database_type: text('test'), binary_format_major_version: number(2), binary_format_minor_version: number(0) },
  });
  return Buffer.concat([tree, Buffer.alloc(16), data, Buffer.from('abcdef', 'hex'), Buffer.from('MaxMind.com'), about]);
}

test('a file that is no database is an error that can be read, a missing one too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'honeyguide-ip-'));
  try {
    writeFileSync(join(folder, 'junk.mmdb'), 'junk'.repeat(100));
    for (const [path, why] of [
      ['junk.mmdb', ''],
      ['none.mmdb', 'ENOENT'],
      ['', 'EISDIR'],
    ])
      await expect(loadIpDatabase(join(folder, path))).rejects.toThrow(
        new RegExp(`^GEOIP_DB names no IP database.*${why}`),
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('whoever waits while a database is read goes on: a slow disk takes nobody the time to connect to the store', async () => {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await loadIpDatabase();
  expect(turned).toBe(true);
});

test('without a database there is an answer too: none', () => {
  expect(openIpReader({ files: [] }).find('8.8.8.8')).toBeNull();
});
