// What the routes of rights, complaints and contacts need, as a server thread holds it, and as jobs and commands do. Promises: a
// store that is away is a 503; nothing here decides, it only puts the rooms together.
import { hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { MasterKeys } from '../devices/master-keys.ts';
import { changeDevice } from '../devices/store.ts';
import { hashToken, isToken } from '../devices/token.ts';
import { createInChain, type InChain } from '../disclosures/chain.ts';
import { settleEverywhere } from '../disclosures/settle.ts';
import type { RightsJobDeps } from '../jobs/rights.ts';
import { complaintOfTicket, fileComplaint, findComplaint, moveComplaint } from '../rights/complaints-store.ts';
import type { ContactPorts } from '../rights/contact-routes.ts';
import { type EraseDeps, erasureStatus } from '../rights/erase-store.ts';
import type { TagsOf } from '../rights/held-store.ts';
import { createRights, type Rights, type Suppressed } from '../rights/me-store.ts';
import type { NoticePorts } from '../rights/notice-routes.ts';
import { readNotices } from '../rights/notices-store.ts';
import { visitTags } from '../rights/visit-tags-store.ts';
import { forgetVisits } from '../sharing/counts/visit-store.ts';
import { CLOCKS } from './sharing.ts';
import { orUnavailable } from './store-loss.ts';

type RightsPorts = {
  readonly rights: Rights;
  readonly contact: ContactPorts;
  readonly notices: NoticePorts;
  /** A phone that was erased, by its token; null for any other. */
  readonly findSuppressed: (credential: string) => Promise<Suppressed | null>;
};

type RightsSetup = {
  readonly pool: Pool;
  readonly inChain: InChain;
  readonly masters: MasterKeys;
  /** Tombstones, suppressed tokens and tags of counts are hashed with what is derived from it. */
  readonly pseudonymKey: Uint8Array;
  /** How people reach the operator about privacy. */
  readonly contact: string;
};

/** What tombstones and suppressed tokens are hashed with. */
function markerKeyOf(pseudonymKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', pseudonymKey, '', 'tombstones of erased devices', 32));
}

/** What erasing takes, in a process of whatever kind. */
export function eraseDepsOf(setup: Omit<RightsSetup, 'contact'>, now: () => number = Date.now): EraseDeps {
  const secrets = { masters: setup.masters, random: randomBytes };
  const { pool, inChain, masters, pseudonymKey } = setup;
  return {
    ...{ pool, inChain, masters, now },
    markerKey: markerKeyOf(pseudonymKey),
    forgetVisits: (client, { device }) => forgetVisits(client, device, pseudonymKey),
    changeDevice: (client, chain, ...rest) => changeDevice(client, chain, secrets, ...rest),
  };
}

/** Finds the tags under which somebody is counted. */
export function tagsOfIn({ pool, pseudonymKey }: Pick<RightsSetup, 'pool' | 'pseudonymKey'>): TagsOf {
  return ({ device }) => visitTags(pool, device, pseudonymKey);
}

/** What jobs of the main thread take. */
export function openErasing(
  pool: Pool,
  { ledgerKey, pseudonymKey }: { readonly ledgerKey: Uint8Array; readonly pseudonymKey: Uint8Array },
  masters: MasterKeys,
): RightsJobDeps {
  const inChain = createInChain({
    pool,
    ledgerKey,
    now: Date.now,
    settle: (seq) => settleEverywhere(pool, seq, CLOCKS.monotonicMs),
  });
  return { ...eraseDepsOf({ pool, inChain, masters, pseudonymKey }), random: randomBytes };
}

export function openRights(setup: RightsSetup, now: () => number = Date.now): RightsPorts {
  const { pool, masters } = setup;
  const inChain: InChain = (work) => orUnavailable(() => setup.inChain(work));
  const tools = { random: randomBytes, newId: randomUUID, tagsOf: tagsOfIn(setup) };
  const rights = orSaysAway(createRights({ ...eraseDepsOf({ ...setup, inChain }, now), ...tools }));
  const complaints = { pool, masters, random: randomBytes, newId: randomUUID };
  return {
    rights,
    contact: {
      contact: setup.contact,
      file: (said, nowMs) => orUnavailable(() => fileComplaint(complaints, said, nowMs)),
      find: (ticket) => orUnavailable(() => findComplaint(complaints, ticket, now())),
      dissatisfied: (ticket, nowMs) =>
        orUnavailable(async () => {
          const id = await complaintOfTicket(pool, ticket, nowMs);
          return id === null ? null : await moveComplaint(complaints, id, 'dissatisfied', null, nowMs);
        }),
      erasure: (code) => orUnavailable(() => erasureStatus(pool, code, now())),
    },
    notices: {
      read: (application, after, limit, nowMs) =>
        orUnavailable(() => readNotices(pool, application, after, limit, nowMs)),
    },
    async findSuppressed(credential) {
      if (!isToken(credential)) return null;
      return await rights.suppressed(hashToken(credential));
    },
  };
}

/** What a person asks outside of the ledger's order, too: a store that is lost between their token and their answer is no bug. */
function orSaysAway(rights: Rights): Rights {
  return {
    ...rights,
    prove: (...asked) => orUnavailable(() => rights.prove(...asked)),
    suppressed: (hash) => orUnavailable(() => rights.suppressed(hash)),
    await: (...asked) => orUnavailable(() => rights.await(...asked)),
    rectify: (...asked) => orUnavailable(() => rights.rectify(...asked)),
    erase: (device) => orUnavailable(() => rights.erase(device)),
    requests: (device) => orUnavailable(() => rights.requests(device)),
    request: (...asked) => orUnavailable(() => rights.request(...asked)),
    disclosures: (...asked) => orUnavailable(() => rights.disclosures(...asked)),
    export(device) {
      const { pages, finish } = rights.export(device);
      return { pages: eachOrSaysAway(pages), finish: () => orUnavailable(finish) };
    },
  };
}

async function* eachOrSaysAway<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
  const reading = pages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orUnavailable(() => reading.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reading.return?.();
  }
}
