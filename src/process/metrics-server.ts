// The operators' port: /metrics, health once more for whoever can only reach this one, and the audit of the ledger. By default
// on the loopback address. It lives in the main thread, so a busy import makes it late, never the answers to phones.
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { ProblemSchema, refuseProblem } from '../http/errors/problem.ts';
import { addOpsRoutes, type Readiness } from '../http/ops.ts';
import { refusalOf } from '../http/refusal.ts';
import { OPS_SETTINGS, requireFreePort } from './port.ts';

export async function openMetricsServer(
  registry: Registry,
  readiness: () => Readiness,
  host: string,
  port: number,
  /** What else is asked here; absent, nothing. */
  addMore: (app: FastifyInstance) => void = () => {},
): Promise<{ port: number; close(): Promise<void> }> {
  const app: FastifyInstance = Fastify({ logger: false, bodyLimit: 1024, forceCloseConnections: true });
  app.addSchema(ProblemSchema);
  app.setErrorHandler((error, _request, reply) => refuseProblem(reply, refusalOf(error)));
  app.setNotFoundHandler((_request, reply) => refuseProblem(reply, { kind: 'noRoute' }));
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  addOpsRoutes(app, readiness);
  addMore(app);
  await requireFreePort(host, port, OPS_SETTINGS);
  await app.listen({ host, port });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}
