import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import { runCommandLine } from '../../src/cli/honeyguide.ts';
import { loadConfig } from '../../src/config/env.ts';
import type { Store } from '../../src/storage/open.ts';
import { openTestStore } from '../support/store.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const folder = mkdtempSync(join(tmpdir(), 'honeyguide-import-'));
afterAll(() => rmSync(folder, { recursive: true }));
let store: Store;
beforeAll(async () => {
  store = await openTestStore();
});

function collect() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return { stream, bytes: () => Buffer.concat(chunks), text: () => Buffer.concat(chunks).toString() };
}

async function honeyguide(
  args: string[],
  input: Readable = Readable.from([]),
  signal = new AbortController().signal,
  output = collect(),
) {
  const messages = collect();
  const context: CommandContext = {
    config: loadConfig({}),
    openStore: async () => store,
    input,
    output: output.stream,
    messages: messages.stream,
    signal,
    now: () => NOW_MS,
    storeMs: async () => NOW_MS,
    random: Buffer.alloc,
  };
  const exitCode = await runCommandLine(args, context);
  return { exitCode, output, messages };
}

const csv = Array.from(
  { length: 300 },
  (_, i) => `LTE,204,8,${1 + (i % 7)},${i + 1},,4.${i + 100},52.${i + 100},,,1,,,\n`,
);
const wifi = '{"type":"wifi","mac":"00:1a:2b:3c:4d:5e","lat":52.123456,"lon":4}\n';
const bad = '{"type":"wifi","mac":"02:1a:2b:3c:4d:5e","lat":52.123456,"lon":4}\n';

describe('honeyguide import', () => {
  test('reads files of both kinds and tells what it did, as JSON and in words', async () => {
    const cells = join(folder, 'cells.csv.gz');
    const stations = join(folder, 'stations.ndjson');
    writeFileSync(cells, gzipSync(csv.join('')));
    writeFileSync(stations, wifi + bad);
    const first = await honeyguide(['import', cells, stations, '--json']);
    expect(first.exitCode).toBe(0);
    expect(JSON.parse(first.output.text())).toEqual({
      rows: 302,
      upserted: 301,
      unchanged: 0,
      rejected: { locallyAdministered: 1 },
      examples: { locallyAdministered: ['stations.ndjson:2'] },
      resumedLines: 0,
      interrupted: false,
      areas: { areas: expect.any(Number), outlierCells: 0 },
      seconds: expect.any(Number),
    });
    const again = await honeyguide(['import', cells, stations]);
    expect(again.output.text()).toContain('0 stored, 301 nothing new, 1 rejected');
    expect(again.output.text() + again.messages.text()).not.toMatch(/52\.123|1a:2b/);
  });

  test('reads standard input', async () => {
    const { exitCode, output } = await honeyguide(['import', '-', '--json'], Readable.from([Buffer.from(wifi)]));
    expect([exitCode, JSON.parse(output.text()).rows]).toEqual([0, 1]);
  });

  test('stops when it is interrupted, even while standard input is silent, says how to go on and ends with 130', async () => {
    const silent = new PassThrough();
    silent.write(csv.join(''));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    const { exitCode, output } = await honeyguide(['import', '-'], silent, stop.signal);
    expect(exitCode).toBe(130);
    expect(output.text()).toContain('interrupted: run the same command again');
  });

  test.each([
    [2, []],
    [2, ['--nonsense', 'x']],
    [1, [join(folder, 'not-there')]],
    [1, [folder]],
  ])('ends with %i for %j', async (code, args) => {
    expect((await honeyguide(['import', ...args])).exitCode).toBe(code);
  });

  test('fails for gzip that is cut short', async () => {
    const cut = join(folder, 'cut.gz');
    writeFileSync(cut, gzipSync(csv.join('')).subarray(0, 500));
    const { exitCode, messages } = await honeyguide(['import', cut]);
    expect(exitCode).toBe(1);
    expect(messages.text()).toMatch(/cut\.gz: its end is missing.*; no row was taken this time/);
  });

  test('says of a gzip that is cut or damaged late how many rows were taken, and of what is behind it that it is none', async () => {
    const whole = gzipSync(csv.join('').repeat(100));
    const late = join(folder, 'late.csv.gz');
    writeFileSync(late, whole.subarray(0, -20));
    const { exitCode, output, messages } = await honeyguide(['import', late, '--json']);
    expect([exitCode, messages.text()]).toEqual([1, '']);
    const { error } = JSON.parse(output.text());
    expect(error).toMatch(/^late\.csv\.gz: its end is missing.*; \d+ rows before that were taken this time, and stay$/);
    const again = await honeyguide(['import', late]);
    expect(again.messages.text()).toMatch(/no row was taken this time/);
    const followed = join(folder, 'followed.csv.gz');
    writeFileSync(followed, Buffer.concat([whole, Buffer.from('garbage')]));
    expect((await honeyguide(['import', followed])).messages.text()).toMatch(/it is damaged: not all of it is gzip/);
  });

  test('fails where not one line was a station, and not where some were', async () => {
    const other = join(folder, 'other.csv');
    writeFileSync(other, 'hello\nworld\n');
    const { exitCode, output } = await honeyguide(['import', other]);
    expect([exitCode, output.text()]).toEqual([1, expect.stringContaining('2 rejected')]);
    writeFileSync(other, `hello\n${csv[0]}`);
    expect((await honeyguide(['import', other])).exitCode).toBe(0);
  });
});

describe('honeyguide export', () => {
  test('writes what can be imported again, to a file or to standard output, gzip or not', async () => {
    const file = join(folder, 'out.ndjson.gz');
    const { exitCode, output } = await honeyguide(['export', file, '--type', 'wifi', '--json']);
    expect([exitCode, JSON.parse(output.text())]).toMatchObject([0, { stations: 1, format: 'ndjson' }]);
    expect(gunzipSync(readFileSync(file)).toString()).toBe(wifi);
    const { output: lines } = await honeyguide(['export', '--format', 'csv']);
    expect(lines.text().split('\n')).toHaveLength(302);
    const { output: packed } = await honeyguide(['export', '--type', 'wifi', '--gzip']);
    expect(gunzipSync(packed.bytes()).toString()).toBe(wifi);
  });

  test('writes a file that only its owner reads, over one that others read and beside what a killed command left', async () => {
    const file = join(folder, 'private.ndjson');
    for (const path of [file, `${file}.partial`]) writeFileSync(path, 'older', { mode: 0o644 });
    expect((await honeyguide(['export', file, '--type', 'wifi'])).exitCode).toBe(0);
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([wifi, 0o600]);
  });

  test('ends quietly when whoever reads it has had enough', async () => {
    const output = collect();
    output.stream.on('error', () => {});
    output.stream._write = (_chunk, _encoding, done) =>
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }));
    const { exitCode, messages } = await honeyguide(['export'], undefined, undefined, output);
    expect([exitCode, messages.text()]).toEqual([0, '']);
  });

  test('leaves no half of a file behind', async () => {
    const file = join(folder, 'never.csv');
    const { exitCode } = await honeyguide(['export', file], undefined, AbortSignal.abort());
    expect(exitCode).toBe(1);
    expect(() => readFileSync(file)).toThrow();
    expect(() => readFileSync(`${file}.partial`)).toThrow();
  });

  test.each(['out', 'out.gz', 'out.json', 'out.jsonl.gz', 'out.NDJSON', './.d/out', '.csv', 'out.csv.GZ'])(
    'knows the format by the name %s',
    async (name) => {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      const { exitCode, output } = await honeyguide(['export', file, '--json']);
      expect(exitCode).toBe(0);
      expect(JSON.parse(output.text())).toMatchObject({ format: /csv/i.test(name) ? 'csv' : 'ndjson' });
    },
  );

  test.each(['out.xml', 'out.geojson', 'out.csv.zip', 'out.xml.gz', 'out.'])(
    'writes nothing to %s, whose name promises another format, unless told which',
    async (name) => {
      const file = join(folder, name);
      const { exitCode, messages } = await honeyguide(['export', file]);
      expect([exitCode, messages.text()]).toEqual([2, expect.stringContaining('say --format')]);
      expect(() => readFileSync(file)).toThrow();
      expect((await honeyguide(['export', file, '--format', 'csv'])).exitCode).toBe(0);
    },
  );

  test.each([
    ['--format', 'xml'],
    ['--type', 'cell,tower'],
    ['--format', 'csv', '--type', 'wifi'],
  ])('refuses %s %s %s', async (...args) => {
    expect((await honeyguide(['export', ...args.filter((arg) => arg !== undefined)])).exitCode).toBe(2);
  });
});
