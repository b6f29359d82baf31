// What people's own routes need, as a server thread holds it: devices, consent, receipts and policies over the thread's connections
// to the store. Acts that decide what others see run under the ledger's lock (disclosures/chain.ts). Promises: a store that
// is away is a 503, never an answer.
import { randomBytes, randomUUID } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { type ActDeps, type Done, putConsent, withdrawConsent } from '../consent/change-store.ts';
import { isLive } from '../consent/events.ts';
import { toKantara } from '../consent/kantara.ts';
import type { ConsentProblem } from '../consent/problems.ts';
import type { Purpose } from '../consent/purposes.ts';
import { receiptIdOf } from '../consent/receipt.ts';
import { listReceiptKeys } from '../consent/receipt-keys-store.ts';
import type { ReceiptPorts } from '../consent/receipt-routes.ts';
import {
  createReceiptSigner,
  jwksOf,
  type ReceiptSigner,
  readReceipt,
  receiptKeyId,
} from '../consent/receipt-signer.ts';
import type { About, Act, ConsentPorts } from '../consent/routes.ts';
import {
  findApplication,
  findEvent,
  listGrantsInTime,
  listReceipts,
  loadGrant,
  type StoredGrant,
} from '../consent/store.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import type { Device, Presented } from '../devices/profile.ts';
import type { DevicePorts } from '../devices/routes.ts';
import { isSucceeded, loadDevice, lockDevice, noteArrival, touchDevice } from '../devices/store.ts';
import { hashToken, isToken } from '../devices/token.ts';
import { type Chain, createInChain, type InChain, LedgerHeadGone } from '../disclosures/chain.ts';
import { settleEverywhere } from '../disclosures/settle.ts';
import { type BugLog, describeError } from '../http/bug-log.ts';
import { createSayer } from '../http/sayer.ts';
import type { PolicyPorts } from '../policy/routes.ts';
import { listPolicies, readPolicyTexts } from '../policy/store.ts';
import { rowNamesOf } from '../privacy/row-names.ts';
import { takeProof } from '../rights/challenges-store.ts';
import { notifyRecipients } from '../rights/notices-store.ts';
import { openPool, REQUEST_CONNECT_MS, REQUEST_QUERY_MS, type StoreAddress } from '../storage/pool.ts';
import { devicePorts } from './device-ports.ts';
import { followMasterKeys } from './follow-master-keys.ts';
import { CLOCKS } from './sharing.ts';
import { orUnavailable } from './store-loss.ts';

export type People = {
  /** Whose token it is; null for anything that is no good token. */
  readonly findSubject: (credential: string, nowMs: number) => Promise<Presented | null>;
  readonly devices: DevicePorts;
  readonly consents: ConsentPorts;
  readonly receipts: ReceiptPorts;
  readonly policies: PolicyPorts;
};

export type PeopleSetup = {
  readonly pool: Pool;
  readonly inChain: InChain;
  readonly masters: MasterKeys;
  /** 32 bytes. */
  readonly receiptKey: Uint8Array;
  /** Devices are counted under tags that are made with it. */
  readonly pseudonymKey: Uint8Array;
  /** How people reach whoever operates the gateway. */
  readonly contact: string;
};

/** Survives being posted to a thread. */
export type PeopleKeys = {
  /** Where the master keys lie: they may be rotated while this runs. */
  readonly secretsPath: string;
  readonly ledgerKey: Uint8Array;
  readonly receiptKey: Uint8Array;
  readonly pseudonymKey: Uint8Array;
};

/** The ports of a server thread, over connections of its own. */
export async function openThreadPeople(
  store: StoreAddress,
  keys: PeopleKeys,
  contact: string,
  log: BugLog,
): Promise<PeopleSetup & { readonly people: People; close(): Promise<void> }> {
  const lost = (error: Error) => log.error(describeError(error), 'store connection lost');
  const { pool, close } = openPool(store, lost, REQUEST_QUERY_MS, false, REQUEST_CONNECT_MS);
  const settle = (seq: number) => settleEverywhere(pool, seq, CLOCKS.monotonicMs);
  const chain = createInChain({ pool, ledgerKey: keys.ledgerKey, now: Date.now, settle });
  const inChain = tellingOfHead(chain, log);
  const { receiptKey, pseudonymKey } = keys;
  const masters = followMasterKeys(keys.secretsPath, () => performance.now());
  const setup = { pool, inChain, masters, receiptKey, pseudonymKey, contact };
  return { ...setup, people: await openPeople(setup), close };
}

/** Says now and then that the ledger has no head: whoever asks gets a 503, which is no bug and says nothing in the log. */
function tellingOfHead(inChain: InChain, log: BugLog): InChain {
  const say = createSayer(log, 'the ledger has no head: nothing is decided (honeyguide audit verify)');
  return async (work, sent) => {
    try {
      return await inChain(work, sent);
    } catch (error) {
      if (error instanceof LedgerHeadGone) say(error);
      throw error;
    }
  };
}

/** Receipts that one list shows. */
const RECEIPTS = 1_000;

export async function openPeople(setup: PeopleSetup): Promise<People> {
  const { pool, masters } = setup;
  const signer = await createReceiptSigner(setup.receiptKey);
  return {
    async findSubject(credential, nowMs) {
      if (!isToken(credential)) return null;
      const tokenHash = hashToken(credential);
      return await orUnavailable(async () => {
        const device = await loadDevice(pool, masters, tokenHash, nowMs);
        if (device === null) return null;
        await touchDevice(pool, device, nowMs);
        if (!device.tokenArrived) await noteArrival(pool, tokenHash);
        return { ...device, tokenHash };
      });
    },
    devices: devicePorts(setup),
    consents: consentPorts(setup, signer),
    receipts: receiptPorts(pool, signer),
    policies: {
      list: () => orUnavailable(() => listPolicies(pool)),
      texts: (version) => orUnavailable(() => readPolicyTexts(pool, version)),
    },
  };
}

function consentPorts(setup: PeopleSetup, signer: ReceiptSigner): ConsentPorts {
  const { pool } = setup;
  return {
    list: (device, nowMs) =>
      orUnavailable(async () => {
        const described = [];
        for (const record of await listGrantsInTime(pool, device.id, nowMs)) {
          const registered = await findApplication(pool, record.application);
          described.push({ application: record.application, purpose: record.purpose as Purpose, record, registered });
        }
        return described;
      }),
    find: (device, about, nowMs) =>
      orUnavailable(async () => {
        const all = await listGrantsInTime(pool, device.id, nowMs);
        const isIt = (one: StoredGrant) => one.application === about.application && one.purpose === about.purpose;
        const record = all.find(isIt) ?? null;
        const registered = await findApplication(pool, about.application);
        return record === null && registered === null ? null : { ...about, record, registered };
      }),
    put: (device, about, wanted, screen, proof, now) =>
      changeConsent(setup, signer, device, about, proof, now, (client, chain, deps) =>
        putConsent(client, chain, deps, about, wanted, screen),
      ),
    withdraw: (device, about, proof, now) =>
      changeConsent(setup, signer, device, about, proof, now, (client, chain, deps) =>
        withdrawConsent(client, chain, deps, about),
      ),
  };
}

/**
 * Runs an act on a device as it is under the ledger's lock, with the proof that came along if it is one; recipients are told in the same
 * transaction. What the act refuses is passed on.
 */
async function changeConsent<Other extends { readonly refused: ConsentProblem } | null>(
  { inChain, masters, contact }: PeopleSetup,
  signer: ReceiptSigner,
  { id, tokenHash }: Presented,
  about: About,
  proof: string | null,
  now: () => number,
  work: (client: ClientBase, chain: Chain, deps: ActDeps) => Promise<Done | Other>,
): Promise<Act | Other | 'gone'> {
  const act = () =>
    inChain(async (client, chain) => {
      const device = await lockDevice(client, masters, id);
      if (device === null) return 'gone';
      const policies = await listPolicies(client);
      const isOld = await isSucceeded(client, tokenHash);
      const nowMs = now();
      const person = { device: id, key: device.key };
      const proven = proof !== null && (await takeProof(client, person, 'consent', proof, nowMs));
      const before = await loadGrant(client, id, about.application, about.purpose);
      const tools = { signer, contact, random: randomBytes, newId: randomUUID };
      const done = await work(client, chain, { device, isOld, proven, policies, ...tools, now: nowMs });
      if (isDone(done)) await tellIfLess(client, chain, device, before, done.grant, nowMs);
      return done;
    });
  const done = await orUnavailable(act);
  if (done === 'gone' || !isDone(done)) return done;
  const { grant, registered, receipt } = done;
  const purpose = grant.purpose as Purpose;
  return { described: { application: grant.application, purpose, record: grant, registered }, receipt };
}

function isDone<Other extends { readonly refused: ConsentProblem } | null>(said: Done | Other): said is Done {
  return said !== null && !('refused' in said);
}

/**
 * Tells a recipient that a yes it could rely on has ended or shows it less, by a no too: once, and nobody who had none (attack:
 * learning of refusals). By which sources a phone may be found is not for recipients to know: fewer of them tell nobody.
 */
async function tellIfLess(
  client: ClientBase,
  chain: Chain,
  { id, key }: Device,
  before: StoredGrant | null,
  after: StoredGrant,
  nowMs: number,
): Promise<void> {
  if (before === null || !isLive(before.state) || (before.expiresAt ?? 0) <= nowMs) return;
  const keepsScopes = before.scopes.every((scope) => after.scopes.includes(scope));
  if (isLive(after.state) && after.precision >= before.precision && keepsScopes) return;
  await notifyRecipients(client, chain, { device: id, key }, 'withdrawn', nowMs, { only: before.application });
}

function receiptPorts(pool: Pool, signer: ReceiptSigner): ReceiptPorts {
  return {
    jwks: () => orUnavailable(async () => jwksOf(signer.publicKey, await listReceiptKeys(pool))),
    list: (device, nowMs) =>
      orUnavailable(async () => namedReceipts(device, await listReceipts(pool, device, RECEIPTS, nowMs))),
    find: (device, id, nowMs) => orUnavailable(() => findReceipt(pool, device, id, nowMs)),
  };
}

function namedReceipts(device: Device, receipts: Awaited<ReturnType<typeof listReceipts>>) {
  const { nameOf } = rowNamesOf(device.key);
  return receipts.map(({ record, seq, at, application, purpose, state }) => ({
    ...{ id: receiptIdOf(record, nameOf(seq)), at, application, purpose, state },
  }));
}

async function findReceipt(pool: Pool, device: Device, id: string, nowMs: number) {
  const [, record, name] = /^([0-9a-f-]{36})\.(\d{1,15})$/.exec(id) ?? [];
  if (record === undefined) return null;
  const bySeq = async (seq: number) => (await findEvent(pool, device, record, seq, nowMs))?.capture.receipt ?? null;
  let receipt = await bySeq(rowNamesOf(device.key).seqOf(Number(name)));
  if (receipt === null) {
    // Receipts of before rows had names call themselves by their rows' own numbers. Others are not found by those: whoever tries one
    // after the other would count everybody's rows.
    const old = await bySeq(Number(name));
    if (old && readReceipt(old).receiptId === id) receipt = old;
  }
  if (!receipt) return null;
  return { receipt, kantara: toKantara(readReceipt(receipt), receiptKeyId(receipt)) };
}
