// The whole gateway as one Fastify app: every scope in order, on one screen, and every Fastify option. Server threads and
// tests build it with the same function. Dependencies come in as one plain object; nothing here opens, reads or listens.
// Fastify's own logger stays off, so that no line of it can carry a URL or an address: counts go to `counters`, bugs to `log`.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyRequest } from 'fastify';
import { addJwksRoute, addReceiptRoutes, type ReceiptPorts } from './consent/receipt-routes.ts';
import { addConsentRoutes, type ConsentPorts } from './consent/routes.ts';
import { PROOF_HEADER } from './devices/proof-header.ts';
import { addMeRoutes, addRegistrationRoutes, type DevicePorts } from './devices/routes.ts';
import { type MethodsAt, watchRoutes } from './http/allowed-methods.ts';
import { readAnyBody } from './http/any-body.ts';
import type { BugLog } from './http/bug-log.ts';
import { type Caller, createAdmission } from './http/caller.ts';
import { allowOtherOrigins, answerPreflights } from './http/cors.ts';
import type { CounterStripe } from './http/counters.ts';
import { addDocsRoutes, describeRoutes } from './http/docs.ts';
import { refuseMls } from './http/errors/mls.ts';
import { refuseProblem } from './http/errors/problem.ts';
import { refuseExpectation, refuseHostless, refuseTunnel, refuseUnparsed } from './http/errors/unparsed.ts';
import { fixedHeadersUnrouted, fixHeaders } from './http/fixed-headers.ts';
import { type Changer, createChangeLimit, createFailureLimit, type LimiterDeps, limitScope } from './http/limiter.ts';
import { type NativeAuthDeps, requireKey, requireSubject } from './http/native-auth.ts';
import { readJsonBody } from './http/native-body.ts';
import { addOpsRoutes, type Readiness } from './http/ops.ts';
import { endPolitelyWhileStopping } from './http/polite-stop.ts';
import type { Quotas } from './http/quotas.ts';
import { countRefusals, refuseErrors } from './http/scope.ts';
import type { StrayBudget } from './http/stray-budget.ts';
import { BODY_LIMIT_BYTES } from './http/tolerant-json.ts';
import { trustIn } from './http/trusted-proxies.ts';
import { addSubmitRoutes, type SubmissionPorts, V1_PATHS, V2_PATHS } from './observations/routes.ts';
import { addPolicyRoutes, type PolicyPorts } from './policy/routes.ts';
import type { Audience } from './positioning/audience.ts';
import type { Locator } from './positioning/locator.ts';
import { addLocateRoutes } from './positioning/routes.ts';
import { isFromPhone } from './rights/challenges-store.ts';
import { addContactRoutes, type ContactPorts } from './rights/contact-routes.ts';
import { addExportRoute } from './rights/export-routes.ts';
import { addRightsRoutes } from './rights/me-routes.ts';
import type { Rights } from './rights/me-store.ts';
import { addNoticeRoutes, type NoticePorts } from './rights/notice-routes.ts';
import { addRemovalRoutes, type RemovalPorts } from './rights/routes.ts';
import { addRegionRoutes, type CountsPorts } from './sharing/counts/routes.ts';
import { createSourcesOf } from './sharing/own-switches.ts';

export type AppDeps = LimiterDeps & {
  readonly version: string;
  readonly findKey: (presented: string) => Caller | null;
  readonly locator: Locator;
  /** Decides what partner keys and requests with a device token are shown; absent, partners are shown nothing. */
  readonly audience?: Audience;
  /** Limits what askers may ask about stations that don't stand together; absent, nothing does. */
  readonly strayBudget?: StrayBudget<FastifyRequest>;
  /** Where reports go; absent, the gateway takes none. */
  readonly submission?: SubmissionPorts;
  /** Where requests to remove an access point go; absent, none are taken. */
  readonly removals?: RemovalPorts;
  /** What people's own routes need; absent, there are none. */
  readonly people?: {
    readonly findSubject: (credential: string, nowMs: number) => Promise<object | null>;
    readonly devices: DevicePorts;
    readonly consents: ConsentPorts;
    readonly receipts: ReceiptPorts;
    readonly policies: PolicyPorts;
  };
  /** What people may ask for; absent, it cannot be asked for here. */
  readonly rights?: {
    readonly rights: Rights;
    readonly contact: ContactPorts;
    readonly notices: NoticePorts;
    readonly findSuppressed: (credential: string) => Promise<object | null>;
  };
  /** Where published counts are read; absent, there are none. */
  readonly counts?: CountsPorts;
  readonly quotas: Quotas;
  readonly counters: CounterStripe;
  readonly readiness: () => Readiness;
  readonly log: BugLog;
  readonly now: () => number;
  /** True while the event loop is so late that answers would come after the client has given up. */
  readonly overloaded: () => boolean;
  /** Addresses and networks whose X-Forwarded-For is believed; empty = the peer's address is the client's. */
  readonly trustProxy: readonly string[];
};

type People = NonNullable<AppDeps['people']>;
type PeoplesRights = NonNullable<AppDeps['rights']>;
/** What counts failing credentials is made on the app itself. */
type CountedDeps = AppDeps & Pick<NativeAuthDeps, 'failsTooOften'>;
type AuthDeps = NativeAuthDeps & { readonly log: BugLog };
type AddRoutes = (scope: FastifyInstance) => void | Promise<void>;
type AddNative = (prefix: string, add: AddRoutes) => Promise<void>;

/** Longer than the 109 s that KaiOS 2.5 keeps a connection, so that the phone closes it, not we while it is sending. */
const KEEP_ALIVE_MS = 125_000;
/** A head or a body that takes longer than this on 2G would not be waited for by Gecko either (its time-out is 60 s). */
const REQUEST_MS = 60_000;
/** Below /v1, which is the MLS family's, but not of it. */
const NATIVE_PATH = /^\/+v1\/+(devices|me|policies|privacy|partner)(\/|\?|$)/;

export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const app = createServer(deps);
  await describeRoutes(app, deps.version);
  const methodsAt = watchRoutes(app);
  const counted: CountedDeps = { ...deps, failsTooOften: await createFailureLimit(app, deps) };
  refuseErrors(app, refuseProblem, deps.log, undefined, methodsAt);

  const addMls = mlsScope(counted);
  for (const prefix of ['/v1', '/v2']) {
    await app.register(addMls, { prefix });
    await app.register(answerPreflights, { prefix });
  }

  // Not on the app itself: a hook there would run in the MLS family too, which sets these headers without one.
  await app.register(async (ops) => {
    fixHeaders(ops);
    await limitScope(ops, deps);
    addOpsRoutes(ops, deps.readiness);
  });

  const native: AddNative = async (prefix, add) =>
    void (await app.register(nativeScope(deps, methodsAt, add), { prefix }));
  const { people, removals, rights, counts, now } = deps;
  if (removals !== undefined || rights !== undefined) {
    await native('/v1/privacy', (privacy) => {
      if (removals !== undefined) addRemovalRoutes(privacy, removals, now);
      if (rights !== undefined) addContactRoutes(privacy, rights.contact, now);
    });
  }
  if (people !== undefined) {
    const auth = { ...counted, changesTooOften: createChangeLimit(app, deps, phoneBehind(now)) };
    await addPeople(native, people, rights, auth);
    if (rights !== undefined) await addCopiesAndNotices(native, people, rights, auth);
  }
  if (counts !== undefined) await native('/v1/partner', (partner) => addRegionRoutes(partner, counts, counted));

  await app.register(async (docs) => {
    fixHeaders(docs);
    await limitScope(docs, deps);
    await addDocsRoutes(docs);
  });

  return app;
}

/** The app before it has a route: every option of Fastify and of Node's server. */
function createServer(deps: AppDeps): FastifyInstance {
  const app = Fastify({
    logger: false,
    trustProxy: deps.trustProxy.length > 0 ? trustIn(deps.trustProxy) : false,
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: 30_000, maxHeaderSize: 16_384, requireHostHeader: false },
    // What still comes on open connections during a stop is answered, with Connection: close.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    // Nothing is told apart by one, and a counter in base 36 costs as much as finding the key.
    genReqId: () => '',
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 128 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    clientErrorHandler: (error, socket) => refuseUnparsed(error, socket),
    // Before routing, as for a path that is no UTF-8: the scope is told by the path alone.
    frameworkErrors: (_error, request, reply) => {
      const isMls = /^\/+v[12]\//.test(request.url) && !NATIVE_PATH.test(request.url);
      const refuse = isMls ? refuseMls : refuseProblem;
      refuse(reply.headers(fixedHeadersUnrouted(request.raw, deps.trustProxy.length > 0)), { kind: 'malformed' });
    },
  }).withTypeProvider<TypeBoxTypeProvider>();

  refuseHostless(app.server);
  endPolitelyWhileStopping(app);
  app.server.on('checkExpectation', refuseExpectation);
  app.server.on('connect', refuseTunnel);
  // Who has sent its last request and says so, as `nc -N` does, is still answered when the store has spoken. Not in Node's types.
  (app.server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true;
  return app;
}

/** The MLS family, below the prefix it is registered with: both versions take reports, /v1 locates as well. */
function mlsScope(deps: CountedDeps): FastifyPluginAsync {
  const admit = createAdmission(deps);
  const { submission, audience } = deps;
  const sourcesOf = audience === undefined ? undefined : createSourcesOf(audience, deps.now);
  return async (scope) => {
    scope.setValidatorCompiler(() => () => true);
    refuseErrors(scope, refuseMls, deps.log, countRefusals(deps.counters));
    readAnyBody(scope);
    if (scope.prefix === '/v1') addLocateRoutes(scope, { ...deps, admit });
    if (submission === undefined) return;
    await scope.register(async (submit) =>
      addSubmitRoutes(submit, { ...deps, ...submission, sourcesOf }, scope.prefix === '/v1' ? V1_PATHS : V2_PATHS),
    );
  };
}

/** A scope that says no by problems, limited by address. */
function nativeScope(deps: AppDeps, methodsAt: MethodsAt, add: AddRoutes): FastifyPluginAsync {
  return async (scope) => {
    fixHeaders(scope);
    await allowOtherOrigins(scope);
    await limitScope(scope, deps);
    refuseErrors(scope, refuseProblem, deps.log, undefined, methodsAt);
    readJsonBody(scope);
    await add(scope);
  };
}

/** Which phone a change is counted against, and whether it proves that it is the phone, as its token does not. */
function phoneBehind(now: () => number): Changer {
  const subject = (request: FastifyRequest) => (request.subject ?? {}) as { id?: string; key?: Uint8Array };
  return {
    nameOf: (request) => subject(request).id ?? '',
    isProven(request) {
      const { key } = subject(request);
      return key !== undefined && isFromPhone(key, request.headers[PROOF_HEADER], now());
    },
  };
}

/** What a phone and its user do by themselves, and what of it anybody may read. */
async function addPeople(
  native: AddNative,
  people: People,
  rights: PeoplesRights | undefined,
  auth: AuthDeps,
): Promise<void> {
  const { now } = auth;
  await native('/v1/devices', (devices) => addRegistrationRoutes(devices, people.devices, auth));
  await native('/v1/me', async (me) => {
    me.decorateRequest('subject', null);
    me.addHook('preParsing', requireSubject(auth, people.findSubject));
    addMeRoutes(me, people.devices, now);
    if (rights !== undefined) addRightsRoutes(me, rights.rights);
    await me.register(async (consents) => addConsentRoutes(consents, people.consents, now), { prefix: '/consents' });
    await me.register(async (receipts) => addReceiptRoutes(receipts, people.receipts, now), { prefix: '/receipts' });
  });
  await native('/v1/policies', (policies) => addPolicyRoutes(policies, people.policies, now));
  await native('/.well-known', (known) => addJwksRoute(known, people.receipts));
}

/** Copies, which a phone that was erased may ask for too, and what recipients are told of their own. */
async function addCopiesAndNotices(
  native: AddNative,
  people: People,
  rights: PeoplesRights,
  auth: AuthDeps,
): Promise<void> {
  const find = async (credential: string, nowMs: number) =>
    (await people.findSubject(credential, nowMs)) ?? (await rights.findSuppressed(credential));
  await native('/v1/me/export', (copy) => {
    copy.decorateRequest('subject', null);
    copy.addHook('preParsing', requireSubject(auth, find));
    addExportRoute(copy, rights.rights, auth.now, auth.log);
  });
  await native('/v1/partner/notices', (notices) => {
    notices.decorateRequest('caller', null);
    notices.addHook('onRequest', requireKey(auth, ['partner']));
    addNoticeRoutes(notices, rights.notices, auth.now);
  });
}
