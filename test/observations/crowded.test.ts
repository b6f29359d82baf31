// Reports that are only begun, over many connections: what they hold together is bounded, whoever sends them.
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCounterMemory, openStripe } from '../../src/http/counters.ts';
import { MlsErrorSchema } from '../../src/http/errors/mls.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { createDayKeys } from '../../src/observations/day-keys.ts';
import { createInbox } from '../../src/observations/inbox.ts';
import { addSubmitRoutes, SUBMIT_LIMITS, V2_PATHS } from '../../src/observations/routes.ts';
import { createSubmissionCountMemory, openSubmissionCounts } from '../../src/observations/submission-counts.ts';
import { AT_REST } from '../support/at-rest.ts';

const app = Fastify({ logger: false });
const { payloads } = AT_REST;
let port: number;
beforeAll(async () => {
  app.addSchema(MlsErrorSchema);
  app.setValidatorCompiler(() => () => true);
  const deps = {
    inbox: createInbox({ insert: async () => {}, fillRandom: () => {} }),
    dayKeys: createDayKeys({} as never, () => Buffer.alloc(0), payloads.dayKey),
    payloads,
    counts: openSubmissionCounts(createSubmissionCountMemory()),
    refusals: { note: async () => {}, flush: async () => {} },
    room: { hasRoom: () => true },
    findKey: () => null,
    quotas: openQuotas(createQuotaMemory(1), { a: 1, b: 2 }, 1_000_000),
    counters: openStripe(createCounterMemory(1), 0),
    log: { error() {} },
    now: () => 0,
    overloaded: () => false,
  };
  await app.register(async (v2) => addSubmitRoutes(v2, deps, V2_PATHS), { prefix: '/v2' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as AddressInfo).port;
});
afterAll(() => app.close());

const HELD_MIB = 128;

test('whoever began first is told to come back later when begun reports fill 128 MiB; the last one is still heard', async () => {
  const bytes = SUBMIT_LIMITS.sentBytes;
  const head = `POST /v2/geosubmit HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;
  const most = Buffer.alloc(bytes - 1, ' ');
  const sockets: Socket[] = [];
  for (let i = 0; i <= HELD_MIB; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    socket.write(head);
    await new Promise((sent) => socket.write(most, sent));
  }
  const answerOf = async (socket: Socket) => String((await once(socket, 'data'))[0]);
  const first = await answerOf(sockets[0]);
  expect(first).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: \d+[\s\S]*"reason":"serviceUnavailable"/i);
  const last = sockets.at(-1)!;
  last.write('{');
  expect(await answerOf(last)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"reason":"parseError"/);
  for (const socket of sockets) socket.destroy();
});
