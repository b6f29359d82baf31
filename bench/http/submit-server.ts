// One side of the geosubmit bench in a process of its own: ours, or the yardstick (Fastify's own JSON parser, then one
// multi-row insert a call into a table of JSON documents, nothing else). Both write to the same PostgreSQL.
import { randomBytes, randomFillSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { createCounterMemory, openStripe } from '../../src/http/counters.ts';
import { MlsErrorSchema } from '../../src/http/errors/mls.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { createInbox } from '../../src/observations/inbox.ts';
import { addSubmitRoutes, V2_PATHS } from '../../src/observations/routes.ts';
import { createPayloadSeal } from '../../src/observations/sealed-payload.ts';
import { insertRows } from '../../src/observations/store.ts';
import { createSubmissionCountMemory, openSubmissionCounts } from '../../src/observations/submission-counts.ts';
import { tuneHeap } from '../../src/process/heap-flags.ts';
import { connectStore } from '../../src/storage/open.ts';
import type { StoreAddress } from '../../src/storage/pool.ts';

// As `serve` does it, for whichever side.
tuneHeap();

export type SubmitServe = { kind: 'ours' | 'bare'; store: StoreAddress };

async function build({ kind, store }: SubmitServe): Promise<FastifyInstance> {
  const { pool } = connectStore(store);
  const app = Fastify({ logger: false, bodyLimit: 1024 * 1024 });
  if (kind === 'bare') {
    app.post('/v2/geosubmit', async (request) => {
      const { items } = request.body as { items: object[] };
      const documents = items.map((item) => JSON.stringify(item));
      await pool.query('insert into bare_inbox (body) select unnest($1::jsonb[])', [documents]);
      return {};
    });
    return app;
  }
  app.setValidatorCompiler(() => () => true);
  app.addSchema(MlsErrorSchema);
  const deps = {
    inbox: createInbox({ insert: (rows) => insertRows(pool, rows), fillRandom: randomFillSync }),
    // Another key each call: the bench sends the same bodies over and over, which would be stored once.
    dayKeys: { keyFor: async () => randomBytes(32) },
    payloads: createPayloadSeal(randomBytes(32)),
    counts: openSubmissionCounts(createSubmissionCountMemory()),
    refusals: { note: async () => {}, flush: async () => {} },
    room: { hasRoom: () => true },
    findKey: () => null,
    quotas: openQuotas(createQuotaMemory(1), { a: 1, b: 2 }, 1_000_000),
    counters: openStripe(createCounterMemory(1), 0),
    log: { error: (facts: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(facts)}\n`) },
    now: Date.now,
    overloaded: () => false,
  };
  await app.register(async (v2) => addSubmitRoutes(v2, deps, V2_PATHS), { prefix: '/v2' });
  return app;
}

process.on('message', async (options: SubmitServe) => {
  const app = await build(options);
  await app.listen({ port: 0, host: '127.0.0.1' });
  process.send?.((app.server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit(0));
