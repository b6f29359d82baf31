// A process that takes reports and nothing else, to be killed in the middle: the submit routes over the real store and inbox.
// Prints its port once it listens. Started with the store's config as JSON in its only argument.
import Fastify from 'fastify';
import { createCounterMemory, openStripe } from '../../src/http/counters.ts';
import { MlsErrorSchema } from '../../src/http/errors/mls.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { addSubmitRoutes, V2_PATHS } from '../../src/observations/routes.ts';
import { createSubmissionCountMemory } from '../../src/observations/submission-counts.ts';
import { openSubmission } from '../../src/process/submission.ts';
import { openStore, type StoreConfig } from '../../src/storage/open.ts';
import { STATION_KEY } from './at-rest.ts';

const config = JSON.parse(process.argv[2]) as StoreConfig;
const log = {
  error: (facts: object, message: string) => void process.stderr.write(`${message} ${JSON.stringify(facts)}\n`),
  info() {},
};
const store = await openStore(config, { role: 'server' });
const setup = {
  store: store.address,
  dataDir: config.dataDir,
  submissionCounts: createSubmissionCountMemory(),
  barredKey: Buffer.alloc(32),
  stationKey: STATION_KEY,
};
const deps = {
  ...openSubmission(setup, log).ports,
  findKey: () => null,
  quotas: openQuotas(createQuotaMemory(1), { a: 1, b: 2 }, 1_000_000),
  counters: openStripe(createCounterMemory(1), 0),
  log,
  now: Date.now,
  overloaded: () => false,
};
const app = Fastify({ logger: false });
app.addSchema(MlsErrorSchema);
app.setValidatorCompiler(() => () => true);
await app.register(async (v2) => addSubmitRoutes(v2, deps, V2_PATHS), { prefix: '/v2' });
await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
