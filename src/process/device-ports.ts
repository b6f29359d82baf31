// What a phone's own routes need of the store: registering, changing, tokens. Promises: what decides what others see is done under
// the ledger's lock (disclosures/chain.ts), with whatever it outdates: the last place, visits that are not released yet.
import { randomBytes, randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { forgetLastLocation } from '../consent/store.ts';
import {
  endApplicationTokens,
  issueApplicationToken,
  listApplicationTokens,
} from '../devices/application-token-store.ts';
import { FLAG } from '../devices/device-contract.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import type { Device } from '../devices/profile.ts';
import type { DevicePorts } from '../devices/routes.ts';
import {
  changeDevice,
  endTokens,
  isSucceeded,
  lockDevice,
  noteProfile,
  ROTATION_MS,
  registerDevice,
  rotateToken,
} from '../devices/store.ts';
import type { TokenPorts } from '../devices/token-routes.ts';
import type { InChain } from '../disclosures/chain.ts';
import { listPolicies } from '../policy/store.ts';
import { takeProof } from '../rights/challenges-store.ts';
import { startGrace } from '../rights/children-store.ts';
import { forgetVisits } from '../sharing/counts/visit-store.ts';
import { transact } from '../storage/transaction.ts';
import type { PeopleSetup } from './people.ts';
import { orUnavailable } from './store-loss.ts';

export function devicePorts(setup: PeopleSetup): DevicePorts {
  const { pool, inChain, masters, pseudonymKey } = setup;
  const secrets = { masters, random: randomBytes };
  const forget = (client: ClientBase, device: string) => forgetVisits(client, device, pseudonymKey);
  const act: InChain = (work) => orUnavailable(() => inChain(work));
  return {
    register: (profile, flags, nowMs) =>
      act(async (client, chain) => {
        const id = randomUUID();
        const issued = await registerDevice(client, chain, secrets, id, profile, nowMs, flags);
        await startGrace(client, { id, flags, parental: [] }, nowMs, forget);
        return issued;
      }),
    change: (id, edit, detail, now) =>
      act(async (client, chain) => {
        const nowMs = now();
        let before: Device | null = null;
        const noting: typeof edit = (device) => {
          before = device;
          return edit(device);
        };
        const after = await changeDevice(client, chain, secrets, id, noting, detail, nowMs);
        if (after === null) return null;
        await startGrace(client, after, nowMs, forget);
        if (before !== null && outdatesLastLocation(before, after)) await forgetLastLocation(client, id);
        return after;
      }),
    note: (id, edit) => orUnavailable(() => transact(pool, (client) => noteProfile(client, secrets, id, edit))),
    async rotate(device, proven, nowMs) {
      const issued = await act(async (client, chain) => {
        const refused = await refuseUnproven(client, masters, device, proven);
        return refused ?? (await rotateToken(client, chain, randomBytes, device, device.tokenHash, nowMs)) ?? 'gone';
      });
      const oldEndsAt = Math.min(device.tokenExpiresAt, nowMs + ROTATION_MS);
      return typeof issued === 'string' ? issued : { ...issued, oldEndsAt };
    },
    end: (device, proven, nowMs) =>
      act(async (client, chain) => {
        const refused = await refuseUnproven(client, masters, device, proven);
        if (refused === null) await endTokens(client, chain, device, nowMs);
        return refused ?? 'ended';
      }),
    policies: () => orUnavailable(() => listPolicies(pool)),
    prove: ({ id, key }, action, header, nowMs) =>
      orUnavailable(() => takeProof(pool, { device: id, key }, action, header, nowMs)),
    tokens: tokenPorts(setup),
  };
}

/** Why a device's own token may not be touched by who holds it: decided on what is true under the lock. */
async function refuseUnproven(
  client: ClientBase,
  masters: MasterKeys,
  { id, tokenHash }: { readonly id: string; readonly tokenHash: Buffer },
  proven: boolean,
): Promise<'gone' | 'proofNeeded' | null> {
  const device = await lockDevice(client, masters, id);
  if (device === null) return 'gone';
  const needsProof = (device.flags & FLAG.guarded) !== 0 || (await isSucceeded(client, tokenHash));
  return needsProof && !proven ? 'proofNeeded' : null;
}

function tokenPorts({ pool, inChain, masters }: PeopleSetup): TokenPorts {
  const secrets = { masters, random: randomBytes };
  const act: InChain = (work) => orUnavailable(() => inChain(work));
  return {
    issue: ({ id, tokenHash }, application, proven, nowMs) =>
      act(async (client, chain) => {
        const maker = { device: id, tokenHash, proven };
        const deps = { ...secrets, newId: randomUUID };
        return await issueApplicationToken(client, chain, deps, maker, application, nowMs);
      }),
    list: ({ id }, nowMs) => orUnavailable(() => listApplicationTokens(pool, id, nowMs)),
    end: (device, id, nowMs) => act((client, chain) => endApplicationTokens(client, chain, device, id, nowMs)),
    guard: ({ id }, on, now) =>
      act((client, chain) => {
        const edit = ({ flags }: Device) =>
          ((flags & FLAG.guarded) !== 0) === on ? null : { flags: flags ^ FLAG.guarded };
        return changeDevice(client, chain, secrets, id, edit, on ? 'guarded' : 'guardLifted', now());
      }),
    prove: ({ id, key }, header, nowMs) =>
      orUnavailable(() => takeProof(pool, { device: id, key }, 'applicationTokens', header, nowMs)),
  };
}

/** True if the last place was found by what is switched off now, or while what may be shown was another (policy C7, L5, K4). */
function outdatesLastLocation({ profile: before }: Device, { profile: after }: Device): boolean {
  if ((before.sources & ~after.sources) !== 0 || before.marketing !== after.marketing) return true;
  return before.ageBand !== after.ageBand || before.jurisdiction !== after.jurisdiction;
}
