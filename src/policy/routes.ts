// GET /v1/policies: what was promised, then and now (policy S9). Promises: open to everybody, because it is what people decide
// by; a version answers the same for ever, with the hash that receipts name.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem, refuseProblem } from '../http/errors/problem.ts';
import { iso } from '../time/iso.ts';
import { currentPolicy, type PolicyVersion } from './versions.ts';
import { PolicyDocument, PolicyList } from './wire.ts';

export type PolicyPorts = {
  list(): Promise<readonly PolicyVersion[]>;
  texts(version: string): Promise<readonly { language: string; sha256: string; text: string }[]>;
};

const REFUSALS = { 429: Problem, 500: Problem, 503: Problem };

/** The scope's prefix is /v1/policies. */
export function addPolicyRoutes(scope: FastifyInstance, ports: PolicyPorts, now: () => number): void {
  scope.get(
    '/',
    {
      schema: {
        tags: ['privacy'],
        summary: 'All versions of the privacy policy.',
        response: { 200: PolicyList, ...REFUSALS },
      },
    },
    async (_request, reply) => {
      const policies = await ports.list();
      const current = currentPolicy(policies, now());
      return reply.send({ policies: policies.map((one) => describe(one, current)) });
    },
  );
  for (const [path, summary] of [
    ['/current', 'The version in force.'],
    ['/:version', 'One version, for ever the same.'],
  ])
    scope.get(
      path,
      { schema: { tags: ['privacy'], summary, response: { 200: PolicyDocument, 404: Problem, ...REFUSALS } } },
      async (request, reply) => {
        const { version } = request.params as { version?: string };
        const policies = await ports.list();
        const current = currentPolicy(policies, now());
        const wanted = version === undefined ? current : policies.find((one) => one.version === version);
        return await sendPolicy(reply, ports, wanted ?? null, current);
      },
    );
}

async function sendPolicy(
  reply: FastifyReply,
  ports: PolicyPorts,
  policy: PolicyVersion | null,
  current: PolicyVersion | null,
): Promise<FastifyReply> {
  if (policy === null) return refuseProblem(reply, { kind: 'noRoute' });
  return reply.send({ ...describe(policy, current), texts: await ports.texts(policy.version) });
}

function describe(policy: PolicyVersion, current: PolicyVersion | null) {
  return {
    ...policy,
    effectiveAt: iso(policy.effectiveAt),
    publishedAt: iso(policy.publishedAt),
    current: policy.version === current?.version,
  };
}
