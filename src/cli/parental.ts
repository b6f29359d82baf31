// `honeyguide parental`: parents whom the operator has verified. A command, not a route: every key that a phone carries can be read
// out of it, so that a route would let a child, or an app, play the parent. Changes are in force when the command ends.
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ClientBase } from 'pg';
import { readMasterKeys } from '../config/master-keys.ts';
import { loadSecrets, secretsPath } from '../config/secrets.ts';
import { maturity } from '../consent/ages.ts';
import { maturityOf, parentalConsentOf } from '../consent/decide.ts';
import {
  deviceOfParental,
  insertParental,
  listParental,
  PARENTAL_METHODS,
  type ParentalMethod,
  withdrawParental,
} from '../consent/parental-store.ts';
import { createReceiptSigner } from '../consent/receipt-signer.ts';
import { AGE_BANDS, type AgeBand, FLAG } from '../devices/device-contract.ts';
import { masterKeysOf } from '../devices/master-keys.ts';
import { type Device, type Profile, stateOf } from '../devices/profile.ts';
import { changeDevice, lockDevice, noteDevice } from '../devices/store.ts';
import { listPolicies } from '../policy/store.ts';
import { startGrace } from '../rights/children-store.ts';
import { notifyRecipients } from '../rights/notices-store.ts';
import { isUuid } from '../rights/uuid.ts';
import { forgetVisits } from '../sharing/counts/visit-store.ts';
import { iso, isoOrNull } from '../time/iso.ts';
import { DAY_MS } from '../time/spans.ts';
import { type CommandContext, UsageError } from './context.ts';
import { aboutPerson } from './desk.ts';
import { openInChain } from './in-chain.ts';
import { speaker } from './speaker.ts';
import { formatTable } from './table.ts';

export const usage = `usage: honeyguide parental add DEVICE --method METHOD --parent TEXT --evidence FILE [--precise] [--json]
       honeyguide parental list DEVICE [--json]
       honeyguide parental withdraw ID [--json]
       honeyguide parental correct-age DEVICE [--age-band BAND] [--jurisdiction COUNTRY] [--json]

DEVICE is what GET /v1/me calls \`id\` on the child's phone. METHOD is how the parent was verified:
${PARENTAL_METHODS.join(', ')}. Of the evidence only a hash is kept. Without --precise the child's location
ends at its region, whatever anybody agrees to. Withdrawing voids what was agreed to on its strength, and the
device is erased within the hour if no other parent's consent is in force. correct-age is for a
device that was wrongly said to be a child's, or whose child lives under another law: check before. It
corrects either or both. BAND: ${AGE_BANDS.join(', ')}.
COUNTRY: two capital letters (ISO 3166-1), or unknown.
`;

const OPTIONS = {
  method: { type: 'string' },
  parent: { type: 'string' },
  evidence: { type: 'string' },
  'age-band': { type: 'string' },
  jurisdiction: { type: 'string' },
  precise: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;
const NO_DEVICE = 'there is no such device';

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  const [verb, id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw new UsageError('add, list, withdraw or correct-age, and which one?');
  const say = speaker(context, values.json);
  switch (verb) {
    case 'add': {
      const method = PARENTAL_METHODS.find((known) => known === values.method);
      if (method === undefined) throw new UsageError(`--method must be one of ${PARENTAL_METHODS.join(', ')}`);
      if (!values.parent?.trim() || values.evidence === undefined)
        throw new UsageError('--parent says who consents, --evidence names the file that proves it');
      const evidenceSha256 = createHash('sha256').update(readFileSync(values.evidence)).digest('hex');
      const added = await add(context, id, { method, parent: values.parent, evidenceSha256, precise: values.precise });
      say({ id: added, device: id, method, precise: values.precise }, `Recorded ${added}.\n`);
      return 0;
    }
    case 'list': {
      const { about } = secretsOf(context);
      const { pool } = await context.openStore(about(id));
      const all = isUuid(id) ? await listParental(pool, id) : null;
      if (all === null) throw new Error(NO_DEVICE);
      say(
        all.map((one) => ({ ...one, at: iso(one.at), withdrawnAt: isoOrNull(one.withdrawnAt) })),
        formatTable(
          ['ID', 'SINCE', 'METHOD', 'PRECISE', 'WITHDRAWN'],
          all.map((one) => [
            one.id,
            iso(one.at),
            one.method,
            one.precise ? 'yes' : '',
            isoOrNull(one.withdrawnAt) ?? '',
          ]),
        ),
      );
      return 0;
    }
    case 'withdraw':
      await withdraw(context, id);
      say({ id, withdrawn: true }, `Withdrew ${id}.\n`);
      return 0;
    case 'correct-age': {
      const correction = readCorrection(values['age-band'], values.jurisdiction);
      await correctAge(context, id, correction);
      say({ device: id, ...correction }, `Corrected ${id}.\n`);
      return 0;
    }
    default:
      throw new UsageError('add, list, withdraw or correct-age?');
  }
}

function secretsOf(context: CommandContext) {
  const { pseudonymKey, receiptKey } = loadSecrets(context.config, context.random);
  const forget = (client: ClientBase, device: string) => forgetVisits(client, device, pseudonymKey);
  const masters = masterKeysOf(readMasterKeys(secretsPath(context.config)));
  const about = (device: Parameters<typeof aboutPerson>[1]) => aboutPerson(masters, device);
  return { masters, random: context.random, receiptKey, forget, about };
}

type Verified = { method: ParentalMethod; parent: string; evidenceSha256: string; precise: boolean };

async function add(context: CommandContext, deviceId: string, verified: Verified): Promise<string> {
  const { masters, random, about } = secretsOf(context);
  const id = randomUUID();
  const inChain = await openInChain(context, about(deviceId));
  await inChain(async (client, chain) => {
    const device = isUuid(deviceId) ? await lockDevice(client, masters, deviceId) : null;
    if (device === null) throw new Error(NO_DEVICE);
    await insertParental(client, device, { id, ...verified }, random, context.now());
    const covered = (await lockDevice(client, masters, deviceId))!;
    await noteDevice(client, chain, covered, 'parentalConsent', random, context.now());
    chain.changed(deviceId);
  });
  return id;
}

async function withdraw(context: CommandContext, id: string): Promise<void> {
  const { masters, random, receiptKey, forget, about } = secretsOf(context);
  const signer = await createReceiptSigner(receiptKey);
  const inChain = await openInChain(
    context,
    about((client) => deviceOfParental(client, id)),
  );
  const isChild = (one: Device) => maturityOf(stateOf(one), context.now()) === 'child';
  await inChain(async (client, chain) => {
    const deviceId = await deviceOfParental(client, id);
    const device = deviceId === null ? null : await lockDevice(client, masters, deviceId);
    if (device === null) throw new Error('there is no such consent, or it is withdrawn already');
    const policies = await listPolicies(client);
    const contact = context.config.privacyContact;
    const deps = { device, policies, signer, contact, random, newId: randomUUID, now: context.now() };
    const ended = await withdrawParental(client, chain, deps, id);
    const mark = (uncovered: Device) => ({ flags: uncovered.flags | (isChild(uncovered) ? FLAG.child : 0) });
    const detail = 'parentalConsentWithdrawn';
    const marked = await changeDevice(client, chain, { masters, random }, device.id, mark, detail, context.now());
    await startGrace(client, marked!, context.now(), forget);
    // Of a child whom nobody speaks for any more they hear by its erasure, as of anybody's.
    const left = (await lockDevice(client, masters, device.id))!;
    if (isChild(left) && parentalConsentOf(stateOf(left), context.now()) === null) return;
    for (const only of ended)
      await notifyRecipients(client, chain, { device: device.id, key: device.key }, 'withdrawn', context.now(), {
        only,
      });
  });
}

/** What is not named stays; jurisdiction null = unknown. */
type Correction = { readonly ageBand?: AgeBand; readonly jurisdiction?: string | null };

function readCorrection(band: string | undefined, country: string | undefined): Correction {
  if (band === undefined && country === undefined) throw new UsageError('--age-band, --jurisdiction or both');
  const ageBand = AGE_BANDS.find((known) => known === band);
  if (band !== undefined && ageBand === undefined)
    throw new UsageError(`--age-band must be one of ${AGE_BANDS.join(', ')}`);
  if (country !== undefined && country !== 'unknown' && !/^[A-Z]{2}$/.test(country))
    throw new UsageError('--jurisdiction must be two capital letters (ISO 3166-1), or unknown');
  return {
    ...(ageBand !== undefined && { ageBand }),
    ...(country !== undefined && { jurisdiction: country === 'unknown' ? null : country }),
  };
}

async function correctAge(context: CommandContext, id: string, correction: Correction): Promise<void> {
  const secrets = secretsOf(context);
  const inChain = await openInChain(context, secrets.about(id));
  const changed = await inChain(async (client, chain) => {
    if (!isUuid(id)) return null;
    const edit = (device: Device) => corrected(device, correction, context.now());
    const detail = correction.ageBand === undefined ? 'jurisdictionCorrected' : 'ageCorrected';
    const after = await changeDevice(client, chain, secrets, id, edit, detail, context.now());
    if (after !== null) await startGrace(client, after, context.now(), secrets.forget);
    return after;
  });
  if (changed === null) throw new Error(NO_DEVICE);
}

/** Another country alone makes nobody of age who was found out to be a child, whatever the age band says. */
function corrected({ profile, flags }: Device, correction: Correction, nowMs: number) {
  const isChild = (one: Profile) => maturity(one.ageBand, one.jurisdiction, nowMs) === 'child';
  const day = Math.floor(nowMs / DAY_MS);
  const statedDay = { ...profile.statedDay };
  for (const field of Object.keys(correction) as (keyof Correction)[]) statedDay[field] = day;
  const after: Profile = { ...profile, ...correction, statedDay };
  const staysFoundOut = correction.ageBand === undefined && (flags & FLAG.child) !== 0 && !isChild(profile);
  return { profile: after, flags: isChild(after) || staysFoundOut ? flags | FLAG.child : flags & ~FLAG.child };
}
