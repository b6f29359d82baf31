import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBodyParts } from '../../src/http/body-parts.ts';
import { createHeldBodies } from '../../src/http/held-bodies.ts';
import { takeBody } from '../../src/http/take-body.ts';
import { CROWDED_BODY, OVERSIZED_BODY } from '../../src/http/tolerant-json.ts';

const LIMIT_BYTES = 100;
let server: Server;
let taken = 0;
const WORDS = { [OVERSIZED_BODY]: 'oversized', [CROWDED_BODY]: 'crowded' };

beforeAll(async () => {
  const held = createHeldBodies(2.5 * LIMIT_BYTES);
  server = createServer((request, response) => {
    const done: Parameters<typeof takeBody>[2] = (bytes) => {
      taken++;
      response.setHeader('connection', 'close');
      response.end(typeof bytes === 'symbol' ? WORDS[bytes] : `${bytes.length} ${bytes}`);
    };
    takeBody(request, LIMIT_BYTES, done, held);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(() => server.close());

/** Sends pieces with a pause between them; resolves to the body of the answer, '' if there was none. */
async function send(...pieces: string[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()).on('error', () => {}));
  for (const piece of pieces) {
    socket.write(piece);
    await sleep(15);
  }
  if (answer === '') socket.end();
  await closed;
  return answer.slice(answer.indexOf('\r\n\r\n') + 4).replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, '');
}

const head = (...lines: string[]) => `${['POST / HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n`;
test.each([
  ['in one piece with its head', [`${head('Content-Length: 5')}hello`], '5 hello'],
  ['in many pieces', [head('Content-Length: 5'), 'he', 'l', 'lo'], '5 hello'],
  ['as long as is allowed', [`${head('Content-Length: 100')}${'x'.repeat(100)}`], `100 ${'x'.repeat(100)}`],
  ['in chunks', [`${head('Transfer-Encoding: chunked')}2\r\nhe\r\n`, '3\r\nllo\r\n', '0\r\n\r\n'], '5 hello'],
  ['in no chunks', [`${head('Transfer-Encoding: chunked')}0\r\n\r\n`], '0 '],
  ['of no length', [head('Content-Length: 0')], '0 '],
  ['that is not announced', [head()], '0 '],
])('takes a body that comes %s', async (_how, pieces, said) => {
  expect(await send(...pieces)).toBe(said);
});

test.each([
  ['by its own word, before it comes', [head('Content-Length: 101')]],
  [
    'in chunks',
    [`${head('Transfer-Encoding: chunked')}64\r\n${'x'.repeat(100)}\r\n`, '1\r\nx\r\n', '1\r\nx\r\n0\r\n\r\n'],
  ],
])('says once that a body is too long %s', async (_how, pieces) => {
  const before = taken;
  expect(await send(...pieces)).toBe('oversized');
  expect(taken).toBe(before + 1);
});

test.each([
  ['announced', [head('Content-Length: 5'), 'he']],
  ['chunked', [`${head('Transfer-Encoding: chunked')}2\r\nhe\r\n`]],
])('never calls back for an %s body whose sender goes away', async (_how, pieces) => {
  const before = taken;
  expect(await send(...pieces)).toBe('');
  await sleep(30);
  expect(taken).toBe(before);
});

test.each([
  ['crumbs', 1, 1_900, true],
  ['bites', 700, 3_000, true],
  ['pieces', 1_500, 3_000, true],
  ['crumbs of a length that was announced', 1, 20_000, false],
])('parts that are %s are what was sent, and cost about that much', (_what, bytes, count, isChunked) => {
  const parts = createBodyParts(10_000_000, isChunked);
  const sent = Array.from({ length: count }, (_, i) => Buffer.alloc(bytes, 33 + (i % 90)));
  for (const part of sent) expect(parts.add(part)).toBe(true);
  expect(parts.join().equals(Buffer.concat(sent))).toBe(true);
});

test('a million chunks of a byte are no body', () => {
  const parts = createBodyParts(1_048_576, true);
  const taken = Array.from({ length: 1_000_000 }, () => parts.add(Buffer.from('x')));
  expect(taken.filter(Boolean)).toHaveLength(2_000);
  // From a client that began with crumbs and went on in earnest, all is read.
  const late = createBodyParts(1_048_576, true);
  for (let i = 0; i < 1_900; i++) late.add(Buffer.from('x'));
  late.add(Buffer.alloc(60_000));
  for (let i = 0; i < 1_500; i++) expect(late.add(Buffer.from('x'))).toBe(true);
});

test('crumbs are turned away while they come, and the connection with them', async () => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  socket.on('data', (text) => {
    answer += text;
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()).on('error', () => {}));
  socket.write(head('Transfer-Encoding: chunked'));
  socket.write('1\r\nx\r\n'.repeat(90));
  await sleep(15);
  expect(answer).toBe('');
  socket.write('1\r\nx\r\n'.repeat(90));
  await closed;
  expect(answer).toContain('oversized');
});

test('the body that has been coming longest gives way when bodies together hold too much', async () => {
  const begun = [1, 2, 3].map(() => connect((server.address() as AddressInfo).port, '127.0.0.1'));
  const answers = begun.map(async (socket) => String((await once(socket, 'data'))[0]));
  for (const socket of begun) {
    socket.write(`${head('Content-Length: 100')}${'x'.repeat(90)}`);
    await sleep(15);
  }
  expect(await answers[0]).toContain('crowded');
  for (const socket of begun.slice(1)) socket.write('x'.repeat(10));
  for (const answer of answers.slice(1)) expect(await answer).toContain(`100 ${'x'.repeat(100)}`);
});

test('bodies that were refused or left do not crowd out those that come later', async () => {
  const half = `${head('Content-Length: 100')}${'x'.repeat(90)}`;
  const inChunks = `${head('Transfer-Encoding: chunked')}64\r\n${'x'.repeat(100)}\r\n`;
  const before = taken;
  for (let i = 0; i < 4; i++) {
    expect(await send(half)).toBe('');
    expect(await send(inChunks, '1\r\nx\r\n')).toBe('oversized');
  }
  for (let i = 0; i < 2; i++) expect(await send(half, 'x'.repeat(10))).toBe(`100 ${'x'.repeat(100)}`);
  expect(taken - before).toBe(6);
});
