// POST /v1/devices registers a phone; /v1/me is what its user sees and changes, with the phone's token. Promises: a token is
// shown once; what was learnt of a person fits one answer (policy R1); a change that decides what others see is in force
// when it is acknowledged; notices of policies are delivered here, whatever the person wants to hear of offers (C7).
import type { FastifyInstance, FastifyReply } from 'fastify';
import { maturity } from '../consent/ages.ts';
import {
  PROOF_NEEDED,
  Problem,
  type RenderedProblem,
  refuseProblem,
  renderProblem,
  sendProblem,
} from '../http/errors/problem.ts';
import { KEY_EITHER_WAY, type NativeAuthDeps, requireKey } from '../http/native-auth.ts';
import { noticesOf, type PolicyVersion } from '../policy/versions.ts';
import { iso } from '../time/iso.ts';
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import { type AgeBand, FLAG, setSources } from './device-contract.ts';
import { addOwnTokenRoutes, type OwnTokenPorts } from './own-token-routes.ts';
import { type Patch, patchProfile } from './patch.ts';
import { type Device, NEW_PROFILE, type Presented, type Profile } from './profile.ts';
import { ProofHeader, proofOf } from './proof-header.ts';
import type { DeviceEdit } from './store.ts';
import { addTokenRoutes, type TokenPorts } from './token-routes.ts';
import { Me, PatchBody, RegisterBody, Registered, writeSwitches } from './wire.ts';

export type DevicePorts = OwnTokenPorts & {
  /** `flags` are bits of FLAG. */
  register(
    profile: Profile,
    flags: number,
    nowMs: number,
  ): Promise<{ token: string; expiresAt: number; proofKey: string }>;
  /** Changes what decisions are made on; resolves when that is in force, with null if the device is gone. `now` is asked under the lock. */
  change(
    id: string,
    edit: (device: Device) => DeviceEdit | null,
    detail: string,
    now: () => number,
  ): Promise<Device | null>;
  /** Changes what no decision is made on. */
  note(id: string, edit: (profile: Profile) => Profile): Promise<Device | null>;
  policies(): Promise<readonly PolicyVersion[]>;
  /** Of what applications hold. */
  readonly tokens: TokenPorts;
};

/** New phones an hour behind one address: a shop that sets up its stock. */
const REGISTRATIONS_PER_HOUR = 600;
const REFUSALS = { 400: Problem, 401: Problem, 429: Problem, 500: Problem, 503: Problem };
const AGE_NEEDS_OPERATOR = renderProblem(
  403,
  'age-needs-operator',
  'A child’s age can only be corrected by the operator',
);
const UNKNOWN_POLICY = renderProblem(409, 'unknown-policy', 'There is no policy of that version');
const SECURITY = [{ token: [] }];
const isChild = (nowMs: number) => (band: AgeBand, where: string | null) => maturity(band, where, nowMs) === 'child';

/** The scope's prefix is /v1/devices. */
export function addRegistrationRoutes(scope: FastifyInstance, ports: DevicePorts, auth: NativeAuthDeps): void {
  scope.decorateRequest('caller', null);
  scope.post(
    '/',
    {
      config: { rateLimit: { max: REGISTRATIONS_PER_HOUR, timeWindow: HOUR_MS } },
      onRequest: requireKey(auth, ['device']),
      schema: {
        tags: ['people'],
        summary: 'Register a phone: gives it its token.',
        security: KEY_EITHER_WAY,
        body: RegisterBody,
        response: { 201: Registered, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const given = request.body as { jurisdiction?: string | null; ageBand?: AgeBand; sources?: object };
      const sources = setSources(NEW_PROFILE.sources, given.sources as Record<string, boolean>);
      const nowMs = auth.now();
      const stated: Patch = {
        ...(given.jurisdiction === undefined ? {} : { jurisdiction: given.jurisdiction }),
        ...(given.ageBand === undefined ? {} : { ageBand: given.ageBand }),
        ...(given.sources === undefined ? {} : { sources }),
      };
      const profile = (patchProfile(NEW_PROFILE, stated, () => false, nowMs) as { profile: Profile }).profile;
      const { token, expiresAt, proofKey } = await ports.register(profile, flagsOf(0, profile, nowMs), nowMs);
      const { jurisdiction, ageBand } = profile;
      const answer = { jurisdiction, ageBand, sources: writeSwitches(sources) };
      return reply.code(201).send({ token, expiresAt: iso(expiresAt), proofKey, ...answer });
    },
  );
}

/** The scope's prefix is /v1/me, and its hook has found whose token it is. */
export function addMeRoutes(scope: FastifyInstance, ports: DevicePorts, now: () => number): void {
  addTokenRoutes(scope, ports.tokens, now);
  addProfileRoutes(scope, ports, now);
  addOwnTokenRoutes(scope, ports, now);
}

function addProfileRoutes(scope: FastifyInstance, ports: DevicePorts, now: () => number): void {
  scope.get(
    '/',
    {
      schema: {
        tags: ['people'],
        summary: 'What is known of the person behind this token.',
        security: SECURITY,
        response: { 200: Me, ...REFUSALS },
      },
    },
    async (request, reply) => reply.send(await describe(request.getDecorator<Presented>('subject'), ports, now())),
  );

  scope.patch(
    '/',
    {
      schema: {
        tags: ['people'],
        summary: 'Change it.',
        description:
          'In force for everybody who asks when the answer arrives. The token is enough for what protects more: a source off, no offers, a younger age or none (but an age that makes a child of whoever has a guarded phone, which erases). Anything else (a source on, offers, an older age, another jurisdiction) needs proof that the phone is there.',
        security: SECURITY,
        headers: ProofHeader,
        body: PatchBody,
        response: { 200: Me, 403: Problem, 409: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const presented = request.getDecorator<Presented>('subject');
      const body = request.body as Omit<Patch, 'sources'> & { sources?: Record<string, boolean> };
      const nowMs = now();
      const { acceptedPolicy } = body;
      if (acceptedPolicy !== undefined && !(await ports.policies()).some((one) => one.version === acceptedPolicy))
        return sendProblem(reply, UNKNOWN_POLICY);
      // Tried whether it is needed or not, so that nothing of it is left.
      const proof = proofOf(request);
      const proven = proof !== null && (await ports.prove(presented, 'profile', proof, nowMs));
      return await patch(reply, presented, ports, now, proven, (profile) => ({
        ...(body as Patch),
        ...(body.sources === undefined ? {} : { sources: setSources(profile.sources, body.sources) }),
      }));
    },
  );
}

async function patch(
  reply: FastifyReply,
  presented: Presented,
  ports: DevicePorts,
  now: () => number,
  proven: boolean,
  patchFor: (profile: Profile) => Patch,
): Promise<FastifyReply> {
  const nowMs = now();
  /** What may be made of a profile as it is at that moment; null, and why not, if nothing may. */
  const refusal: { problem: RenderedProblem | null } = { problem: null };
  function edited(before: Profile, flags: number): { profile: Profile; decides: boolean } | null {
    const patched = patchProfile(before, patchFor(before), isChild(nowMs), nowMs);
    const isGuarded = (flags & FLAG.guarded) !== 0;
    const needsProof = 'refused' in patched || patched.loosens || (patched.makesChild && isGuarded);
    refusal.problem = needsProof && !proven ? PROOF_NEEDED : 'refused' in patched ? AGE_NEEDS_OPERATOR : null;
    return refusal.problem !== null || 'refused' in patched ? null : patched;
  }
  const wanted = edited(presented.profile, presented.flags);
  let after: Device | null = presented;
  let decides = wanted?.decides === true;
  if (wanted !== null && !decides) {
    after = await ports.note(presented.id, (profile) => {
      const again = edited(profile, presented.flags);
      // True of what another change made of it meanwhile (attack: a switch that is turned off while it is turned on stays on).
      decides = again?.decides === true;
      return again === null || decides ? profile : again.profile;
    });
  }
  if (decides) {
    after = await ports.change(
      presented.id,
      (device) => {
        // Decided on what is true under the lock, not on what was read before.
        const again = edited(device.profile, device.flags);
        return again && { profile: again.profile, flags: flagsOf(device.flags, again.profile, nowMs) };
      },
      'profileChanged',
      now,
    );
  }
  if (after === null) return refuseProblem(reply, { kind: 'unauthenticated' });
  if (refusal.problem !== null) return sendProblem(reply, refusal.problem);
  return reply.send(await describe({ ...presented, ...after }, ports, nowMs));
}

/**
 * Who is a child by its age is marked as one, covered by a parent or not: without a parent's consent, and when one is taken back,
 * what is kept of it goes within the hour (K3).
 */
function flagsOf(flags: number, { ageBand, jurisdiction }: Profile, nowMs: number): number {
  return isChild(nowMs)(ageBand, jurisdiction) ? flags | FLAG.child : flags;
}

async function describe(device: Presented, ports: DevicePorts, nowMs: number): Promise<object> {
  const { profile, flags, parental } = device;
  const { shown, fresh } = noticesOf(await ports.policies(), profile.notices, device.createdAt, nowMs);
  if (fresh.length > 0) {
    // Told once, whatever else changes meanwhile.
    const isNew = (before: Profile) =>
      fresh.filter(({ version }) => !before.notices.some((n) => n.version === version));
    await ports.note(device.id, (before) => ({ ...before, notices: [...before.notices, ...isNew(before)] }));
  }
  const child = (flags & FLAG.child) !== 0 || isChild(nowMs)(profile.ageBand, profile.jurisdiction);
  const day = (number: number) => iso(number * DAY_MS).slice(0, 10);
  return {
    id: device.id,
    registeredOn: iso(device.createdAt).slice(0, 10),
    tokenExpiresAt: iso(device.tokenExpiresAt),
    jurisdiction: profile.jurisdiction,
    ageBand: profile.ageBand,
    sources: writeSwitches(profile.sources),
    marketing: profile.marketing,
    restricted: (flags & FLAG.restricted) !== 0,
    objectedToCounts: (flags & FLAG.objected) !== 0,
    guarded: (flags & FLAG.guarded) !== 0,
    needsParent: child && !parental.some((one) => one.withdrawnAt === null || one.withdrawnAt > nowMs),
    acceptedPolicy: profile.accepted?.version ?? null,
    statedOn: Object.fromEntries(Object.entries(profile.statedDay).map(([field, number]) => [field, day(number)])),
    notices: shown,
  };
}
