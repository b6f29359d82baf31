// /v1/me/receipts and /.well-known/jwks.json: proof of what was agreed, for the person to keep, and the keys that anybody checks it
// with, offline: those before the one in use, too. Promises: a receipt is given out as it was signed then; only to whom it is about.
import type { FastifyInstance } from 'fastify';
import type { Device } from '../devices/profile.ts';
import { Problem, refuseProblem } from '../http/errors/problem.ts';
import { Jwks, ReceiptAnswer, ReceiptList } from './wire.ts';

export type ReceiptPorts = {
  list(
    device: Device,
    nowMs: number,
  ): Promise<readonly { id: string; at: number; application: string; purpose: string; state: string }[]>;
  /** The signed receipt and its Kantara form; null if this device has none of that id (any more). */
  find(device: Device, id: string, nowMs: number): Promise<{ receipt: string; kantara: object } | null>;
  jwks(): Promise<object>;
};

const SECURITY = [{ token: [] }];
const REFUSALS = { 401: Problem, 404: Problem, 429: Problem, 500: Problem, 503: Problem };

/** The scope's prefix is /v1/me/receipts, and its hook has found whose token it is. */
export function addReceiptRoutes(scope: FastifyInstance, ports: ReceiptPorts, now: () => number): void {
  scope.get(
    '/',
    {
      schema: {
        ...{ tags: ['people'], security: SECURITY },
        summary: 'Receipts of everything that was agreed, changed and taken back.',
        response: { 200: ReceiptList, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const all = await ports.list(request.getDecorator<Device>('subject'), now());
      return reply.send({ receipts: all.map((one) => ({ ...one, at: new Date(one.at).toISOString() })) });
    },
  );
  scope.get(
    '/:id',
    {
      schema: {
        ...{ tags: ['people'], security: SECURITY },
        summary: 'One receipt, as it was signed.',
        response: { 200: ReceiptAnswer, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const found = await ports.find(request.getDecorator<Device>('subject'), id, now());
      return found === null ? refuseProblem(reply, { kind: 'noRoute' }) : reply.send({ id, ...found });
    },
  );
}

/** The scope's prefix is /.well-known. */
export function addJwksRoute(scope: FastifyInstance, ports: Pick<ReceiptPorts, 'jwks'>): void {
  scope.get(
    '/jwks.json',
    {
      schema: {
        tags: ['privacy'],
        summary: 'The public keys that receipts are, and were, signed with (RFC 7517).',
        response: { 200: Jwks, 429: Problem, 500: Problem, 503: Problem },
      },
    },
    async (_request, reply) => reply.send(await ports.jwks()),
  );
}
