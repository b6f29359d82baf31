// What only shows on a real socket: keep-alive, chunks, Expect, bodies that are too long, too slow or broken off, HEAD.
import { type AddressInfo, connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTestApp, DEVICE_KEY, type TestApp } from '../support/app.ts';

let served: TestApp;
let port: number;
beforeAll(async () => {
  served = await createTestApp();
  await served.app.listen({ host: '127.0.0.1', port: 0 });
  port = (served.app.server.address() as AddressInfo).port;
});
afterAll(() => served.app.close());

const PATH = `/v1/geolocate?key=${DEVICE_KEY}`;
const BODY = '{"wifiAccessPoints":[]}';

/** A socket, and everything it has received; `until` waits for a text in it. */
function open(): {
  socket: Socket;
  received(): string;
  until(text: string | RegExp): Promise<string>;
  closed: Promise<void>;
} {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const waiting = new Set<() => void>();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (const check of waiting) check();
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  return {
    socket,
    received: () => text,
    until: (wanted) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (typeof wanted === 'string' ? !text.includes(wanted) : !wanted.test(text)) return;
          waiting.delete(check);
          resolve(text);
        };
        waiting.add(check);
        closed.then(() => reject(new Error(`closed before ${wanted}; received ${JSON.stringify(text)}`)));
        check();
      }),
    closed,
  };
}

const head = (lines: string[], method = 'POST') =>
  [`${method} ${PATH} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n');
const ANSWER = '{"location":{"lat":52.500000,"lng":13.400000},"accuracy":34.2}';

test('keeps a connection for two minutes and more, and answers many requests on it', async () => {
  const { socket, received, until } = open();
  for (let i = 1; i <= 5; i++) {
    socket.write(head(['Content-Type: application/json', `Content-Length: ${BODY.length}`]) + BODY);
    await until(new RegExp(`(accuracy[\\s\\S]*){${i}}`));
  }
  expect(received()).toContain('Connection: keep-alive');
  expect(Number(/Keep-Alive: timeout=(\d+)/.exec(received())?.[1])).toBeGreaterThanOrEqual(120);
  socket.destroy();
});

test('answers pipelined requests in order', async () => {
  const { socket, until } = open();
  socket.write([head(['Content-Length: 2']), '{}', head(['Content-Length: 1']), '{', head([], 'GET')].join(''));
  const text = await until(/200 OK[\s\S]*400 Bad Request[\s\S]*200 OK[\s\S]*accuracy/);
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400', 'HTTP/1.1 200']);
  socket.destroy();
});

test('reads chunked bodies, gzip in chunks too', async () => {
  for (const [bytes, encoding] of [
    [Buffer.from(BODY), []],
    [gzipSync(BODY), ['Content-Encoding: gzip']],
  ] as const) {
    const { socket, until } = open();
    socket.write(head(['Transfer-Encoding: chunked', ...encoding]));
    for (const byte of bytes)
      socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]));
    socket.write('0\r\n\r\n');
    expect(await until(ANSWER)).toContain('200 OK');
    socket.destroy();
  }
});

test('says 100 Continue to who waits for it', async () => {
  const { socket, until } = open();
  socket.write(head(['Expect: 100-continue', `Content-Length: ${BODY.length}`]));
  await until('HTTP/1.1 100 Continue');
  socket.write(BODY);
  expect(await until(ANSWER)).toContain('200 OK');
  socket.destroy();
});

test('HEAD has the headers and no body', async () => {
  const { socket, until, received } = open();
  socket.write(head([], 'HEAD'));
  await until('\r\n\r\n');
  expect(received()).toContain(`content-length: ${ANSWER.length}`);
  expect(received()).not.toContain('location');
  socket.destroy();
});

test.each([
  ['announced', ['Content-Length: 70000'], Buffer.alloc(0)],
  ['in chunks', ['Transfer-Encoding: chunked'], Buffer.from(`11170\r\n${' '.repeat(70_000)}\r\n0\r\n\r\n`)],
  ['after inflating', ['Content-Encoding: gzip', 'Content-Length: 0'], gzipSync(Buffer.alloc(1_000_000, 0x20))],
])('a body that is too long, %s, is 413 in the family form', async (_how, lines, body) => {
  const { socket, until } = open();
  const headers = lines.map((line) => (line === 'Content-Length: 0' ? `Content-Length: ${body.length}` : line));
  socket.write(head([...headers]));
  socket.write(body);
  const text = await until('payloadTooLarge');
  expect(text).toContain('413 Payload Too Large');
  socket.destroy();
});

test.each(['geolocate', 'country'])('who sends all of too long a body before it reads is told so: %s', async (what) => {
  const socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  // A client that writes piece by piece, each when the last has gone, as most that block do.
  const piece = Buffer.alloc(64 * 1024, 0x20);
  const pieces = 128;
  socket.write(
    `POST /v1/${what}?key=${DEVICE_KEY} HTTP/1.1\r\nHost: x\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`,
  );
  for (let i = 0; i < pieces; i++)
    await new Promise<void>((resolve, reject) => {
      socket.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  socket.write(head([], 'GET'));
  await vi.waitFor(() => expect(text).toContain(ANSWER));
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  socket.destroy();
});

test('who ends its side behind its requests is answered all the same, however long that takes, and then closed', async () => {
  const told = { text: '{"said":1}', source: '' as const };
  const own = await createTestApp({ audience: () => new Promise((resolve) => setTimeout(resolve, 30, told)) });
  await own.app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect({
    port: (own.app.server.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  const said: Buffer[] = [];
  const ended = new Promise((resolve) => void socket.on('data', (chunk) => said.push(chunk)).on('end', resolve));
  const ask = `POST ${PATH}&device=x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`;
  socket.end(ask + ask);
  await ended;
  expect(String(Buffer.concat(said)).match(/200 OK[\s\S]*?\{"said":1\}/g)).toHaveLength(2);
  await own.app.close();
});

test('a tunnel is refused with a word', async () => {
  const { socket, closed, received } = open();
  socket.write('CONNECT example.org:80 HTTP/1.1\r\nHost: example.org\r\n\r\n');
  await closed;
  expect(received()).toMatch(/^HTTP\/1\.1 405/);
  expect(envelopeOf(received())).toMatchObject({ code: 405 });
});

test('a body that breaks off is no answer and no harm', async () => {
  const { socket } = open();
  socket.write(`${head(['Content-Length: 500'])}{"wifi`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  const after = await fetch(`http://127.0.0.1:${port}${PATH}`, { method: 'POST' });
  expect(after.status).toBe(200);
  expect(served.logged).toEqual([]);
});

/** What GeoClue and Sailfish read of a refusal: an object, also where no route was reached. */
function envelopeOf(answer: string): object {
  const [head, body] = answer.split('\r\n\r\n');
  expect(head.toLowerCase()).toContain(`content-length: ${body.length}\r\n`);
  return (JSON.parse(body) as { error: object }).error;
}

test('what is not HTTP is closed, without a word of ours about it', async () => {
  const { socket, closed, received } = open();
  socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 canary\r\n\r\n');
  await closed;
  expect(received()).toMatch(/^HTTP\/1\.1 400/);
  expect(received()).not.toContain('canary');
  expect(envelopeOf(received())).toMatchObject({ code: 400, errors: [{ domain: 'global', reason: 'parseError' }] });
});

test('a head that is too long is refused', async () => {
  const { socket, closed, received } = open();
  socket.write(head([`X-Long: ${'x'.repeat(20_000)}`]));
  await closed;
  expect(received()).toMatch(/^HTTP\/1\.1 431/);
  expect(envelopeOf(received())).toMatchObject({ code: 431 });
});

test('an expectation that nobody meets is refused in the same words', async () => {
  const { socket, closed, received } = open();
  socket.write(head(['Expect: miracles', 'Content-Length: 2']));
  await closed;
  expect(received()).toMatch(/^HTTP\/1\.1 417/);
  expect(envelopeOf(received())).toMatchObject({ code: 417 });
});

test('who names no host in HTTP/1.1 is refused in the same words, in turn; in HTTP/1.0 nobody has to', async () => {
  const { socket, until, closed } = open();
  socket.write(`${head(['Content-Length: 2'])}{}POST ${PATH} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}`);
  const text = await until(/400 Bad Request[\s\S]*"message":"Parse Error"/);
  expect(text.indexOf(ANSWER)).toBeLessThan(text.indexOf('400 Bad Request'));
  expect(text).toContain('Connection: close');
  await closed;
  const old = open();
  old.socket.write(`GET /healthz HTTP/1.0\r\n\r\n`);
  await old.until('HTTP/1.1 200 OK');
});

test('a stop answers who asks once more on a connection that is kept, and says that it was the last time', async () => {
  const own = await createTestApp();
  await own.app.listen({ host: '127.0.0.1', port: 0 });
  const { port: ownPort } = own.app.server.address() as AddressInfo;
  let text = '';
  const socket = connect(ownPort, '127.0.0.1').on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => socket.on('close', resolve));
  const ask = () => socket.write(`${head(['Content-Length: 2'])}{}`);
  ask();
  await new Promise((resolve) => socket.once('data', resolve));
  expect(text).not.toContain('Connection: close');
  text = '';
  const closing = own.app.close();
  // The stop has begun; the client cannot know.
  setTimeout(ask, 20);
  await ended;
  expect(text).toContain('Connection: close');
  expect(text).toContain(ANSWER);
  await closing;
});

test('a stop answers what is in flight, then closes every connection', async () => {
  const own = await createTestApp();
  await own.app.listen({ host: '127.0.0.1', port: 0 });
  const { port: ownPort } = own.app.server.address() as AddressInfo;
  const texts = ['', ''];
  const sockets = texts.map((_, i) =>
    connect(ownPort, '127.0.0.1').on('data', (chunk) => {
      texts[i] += chunk;
    }),
  );
  // One has sent a head, the other half a head, when the stop begins.
  sockets[0].write(head(['Content-Length: 2']));
  const late = head(['Content-Length: 2']);
  sockets[1].write(late.slice(0, 20));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closing = own.app.close();
  sockets[0].write('{}');
  sockets[1].write(`${late.slice(20)}{}`);
  await closing;
  for (const text of texts) expect(text).toContain(ANSWER);
  expect(texts[1]).toContain('Connection: close');
  await expect(fetch(`http://127.0.0.1:${ownPort}/healthz`)).rejects.toThrow();
});

test('a stop resets nobody: clients are answered to the last time, and refused when they come back', async () => {
  const own = await createTestApp();
  await own.app.listen({ host: '127.0.0.1', port: 0 });
  const { port: ownPort } = own.app.server.address() as AddressInfo;
  const ends: string[] = [];
  // Asks without a pause, on one connection as long as it is kept, then on another.
  const client = () => {
    let open = false;
    let answer = '';
    const socket = connect(ownPort, '127.0.0.1');
    const ask = () => socket.write(`${head(['Content-Length: 2'])}{}`);
    socket.on('connect', () => {
      open = true;
      ask();
    });
    socket.on('data', (chunk) => {
      answer += chunk;
      if (!answer.includes(ANSWER)) return;
      if (answer.includes('Connection: close')) client();
      else ask();
      answer = '';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      ends.push(open || error.code !== 'ECONNREFUSED' ? `lost: ${error.code}` : 'refused');
    });
  };
  for (let i = 0; i < 20; i++) client();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await own.app.close();
  await vi.waitFor(() => expect(ends).toHaveLength(20));
  expect(new Set(ends)).toEqual(new Set(['refused']));
});
