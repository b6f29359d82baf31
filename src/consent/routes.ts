// /v1/me/consents: who may see where this person is (receipts: receipt-routes.ts). Promises: saying yes, no and never mind is one call each
// (GDPR 7(3)), in force when it is acknowledged, with a signed receipt; what is known of who asks is told before, with or without
// a record; why a yes is not taken is said to the person in full. The scope's hook has found whose token it is.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { setSources } from '../devices/device-contract.ts';
import { type Device, type Presented, stateOf } from '../devices/profile.ts';
import { ProofHeader, proofOf } from '../devices/proof-header.ts';
import { Problem, refuseProblem, renderProblem, sendProblem } from '../http/errors/problem.ts';
import { rowNamesOf } from '../privacy/row-names.ts';
import { DAY_MS } from '../time/spans.ts';
import type { Screen } from './change-store.ts';
import { type Described, describeConsent } from './describe.ts';
import type { Wanted } from './judge.ts';
import { CONSENT_PROBLEMS, type ConsentProblem } from './problems.ts';
import { isPurpose, type Purpose, type Scope } from './purposes.ts';
import { ConsentAnswer, ConsentBody, ConsentList, ConsentOnly, ConsentParams, PRECISION_NAMES } from './wire.ts';

export type About = { readonly application: string; readonly purpose: Purpose };
export type Act = { readonly described: Described; readonly receipt: string };

export type ConsentPorts = {
  list(device: Device, nowMs: number): Promise<readonly Described[]>;
  /** Null if there is no such application, and no record about it. */
  find(device: Device, about: About, nowMs: number): Promise<Described | null>;
  /**
   * Resolves when it is in force. `gone`: the device is. `proof` is the header, null = none. `now` is asked under the ledger's lock: what
   * was shown while this waited for it was shown before.
   */
  put(
    device: Presented,
    about: About,
    wanted: Wanted,
    screen: Screen,
    proof: string | null,
    now: () => number,
  ): Promise<Act | { refused: ConsentProblem } | 'gone'>;
  /** Null if there is no record. */
  withdraw(
    device: Presented,
    about: About,
    proof: string | null,
    now: () => number,
  ): Promise<Act | { refused: ConsentProblem } | null | 'gone'>;
};

const COMMON = { tags: ['people'], security: [{ token: [] }] };
const ABOUT_ONE = { ...COMMON, params: ConsentParams };
const REFUSALS = { 400: Problem, 401: Problem, 404: Problem, 429: Problem, 500: Problem, 503: Problem };
const RENDERED = Object.fromEntries(
  Object.entries(CONSENT_PROBLEMS).map(([kind, { status, word, title }]) => [kind, renderProblem(status, word, title)]),
);

/** The scope's prefix is /v1/me/consents. */
export function addConsentRoutes(scope: FastifyInstance, ports: ConsentPorts, now: () => number): void {
  addReadRoutes(scope, ports, now);
  addPutRoute(scope, ports, now);
  addWithdrawRoute(scope, ports, now);
}

function addReadRoutes(scope: FastifyInstance, ports: ConsentPorts, now: () => number): void {
  scope.get(
    '/',
    {
      schema: {
        ...COMMON,
        summary: 'Everything this person has said about who may see where they are.',
        response: { 200: ConsentList, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const device = request.getDecorator<Device>('subject');
      const nowMs = now();
      const all = await ports.list(device, nowMs);
      const [state, names] = [stateOf(device), rowNamesOf(device.key)];
      return reply.send({ consents: all.map((described) => describeConsent(state, described, names, nowMs)) });
    },
  );

  scope.get(
    '/:application/:purpose',
    {
      schema: {
        ...ABOUT_ONE,
        summary: 'What was said to one application about one purpose, and whose it is; for the screen that asks, too.',
        response: { 200: ConsentOnly, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const device = request.getDecorator<Device>('subject');
      const about = aboutOf(request);
      const nowMs = now();
      const described = about === null ? null : await ports.find(device, about, nowMs);
      if (described === null) return refuseProblem(reply, { kind: 'noRoute' });
      return reply.send({ consent: describeConsent(stateOf(device), described, rowNamesOf(device.key), nowMs) });
    },
  );
}

function addPutRoute(scope: FastifyInstance, ports: ConsentPorts, now: () => number): void {
  scope.put(
    '/:application/:purpose',
    {
      schema: {
        ...ABOUT_ONE,
        summary: 'Say yes or no.',
        headers: ProofHeader,
        body: ConsentBody,
        response: { 200: ConsentAnswer, 403: Problem, 409: Problem, 422: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const device = request.getDecorator<Presented>('subject');
      const about = aboutOf(request);
      if (about === null) return refuseProblem(reply, { kind: 'noRoute' });
      const wanted = readWanted(request.body as Body, device, now());
      if (wanted === null) return refuseProblem(reply, { kind: 'malformed' });
      const { language = null, textHash = null, screen = null } = request.body as Body;
      const said = { language, textHash, screen };
      const act = await ports.put(device, about, wanted, said, proofOf(request), now);
      return sendAct(reply, device, act, now());
    },
  );
}

function addWithdrawRoute(scope: FastifyInstance, ports: ConsentPorts, now: () => number): void {
  scope.delete(
    '/:application/:purpose',
    {
      schema: {
        ...ABOUT_ONE,
        summary: 'Take it back, yes or no: as if nothing had been said.',
        description:
          'A yes by the token alone, always. A no of a guarded phone with proof only (action `consent`): it shows more.',
        headers: ProofHeader,
        response: { 200: ConsentAnswer, 403: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const device = request.getDecorator<Presented>('subject');
      const about = aboutOf(request);
      const act = about === null ? null : await ports.withdraw(device, about, proofOf(request), now);
      return sendAct(reply, device, act, now());
    },
  );
}

function sendAct(
  reply: FastifyReply,
  device: Device,
  act: Act | { refused: ConsentProblem } | 'gone' | null,
  nowMs: number,
): FastifyReply {
  if (act === 'gone') return refuseProblem(reply, { kind: 'unauthenticated' });
  if (act === null) return refuseProblem(reply, { kind: 'noRoute' });
  if ('refused' in act) return sendProblem(reply, RENDERED[act.refused]);
  const consent = describeConsent(stateOf(device), act.described, rowNamesOf(device.key), nowMs);
  return reply.send({ consent, receipt: act.receipt });
}

function aboutOf(request: FastifyRequest): About | null {
  const { application, purpose } = request.params as { application: string; purpose: string };
  return isPurpose(purpose) ? { application, purpose } : null;
}

type Body = Partial<Screen> & {
  readonly precision: (typeof PRECISION_NAMES)[number];
  readonly scopes?: readonly Scope[];
  readonly sources?: Readonly<Record<string, boolean>>;
  readonly expiresAt?: string;
  readonly validForDays?: number;
  readonly policyVersion?: string;
};

/** Null if it says two things at once, a time that is none, or a yes to the last place alone: it is kept of what is located. */
function readWanted(body: Body, { profile }: Device, nowMs: number): Wanted | null {
  const { expiresAt: at, validForDays: days } = body;
  if (at !== undefined && days !== undefined) return null;
  if (body.scopes !== undefined && !body.scopes.includes('geolocate')) return null;
  let expiresAt: number | null = null;
  if (at !== undefined) expiresAt = Date.parse(at);
  if (days !== undefined) expiresAt = nowMs + days * DAY_MS;
  if (Number.isNaN(expiresAt)) return null;
  return {
    precision: PRECISION_NAMES.indexOf(body.precision),
    scopes: body.scopes ?? ['geolocate'],
    sources: setSources(profile.sources, body.sources),
    expiresAt,
    policyVersion: body.policyVersion ?? null,
  };
}
