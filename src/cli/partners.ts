// `honeyguide partners`: who may receive, for what, how exactly. Suspension and changes are in force on every running gateway
// when the command ends.
import { parseArgs } from 'node:util';
import type { ClientBase } from 'pg';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import {
  addApplication,
  addPartner,
  type ListedPartner,
  listPartners,
  lockController,
  type Subject,
  setSuspended,
  updateApplication,
  updatePartner,
} from '../partners/registry-store.ts';
import { iso, isoOrNull } from '../time/iso.ts';
import { type CommandContext, UsageError } from './context.ts';
import { openInChain } from './in-chain.ts';
import {
  APPLICATION_OPTIONS,
  PARTNER_OPTIONS,
  readApplication,
  readId,
  readName,
  readPartner,
} from './recipient-options.ts';
import { type Say, speaker } from './speaker.ts';
import { formatTable } from './table.ts';

export const usage = `usage: honeyguide partners add --name NAME [--id ID] [--role vendor|licensee|operator] [--policy-url URL]
                               [--contact C] [--controller ADDRESS] [--ad-funded] [--json]
       honeyguide partners add-application --partner ID --name NAME [--id ID] [--purposes dpv:X,dpv:Y]
                               [--max-precision region|precise] [--json]
       honeyguide partners update ID [--name NAME] [the options of add] [--no-ad-funded] [--same-controller] [--json]
       honeyguide partners update --application ID [--name NAME] [--purposes ...] [--max-precision ...] [--json]
       honeyguide partners suspend|resume ID | --application ID [--json]
       honeyguide partners list [--json]

A partner without policy URL, contact and controller gets regions only. What people consent to is one application and one
purpose, never a partner. A suspended partner or application is shown nobody, from the end of the command on; by its key it
still reads whom it has to forget (/v1/partner/notices).
People said yes to the controller that they were told. --same-controller: you have checked that another --controller is the
same legal person, renamed or moved. Anybody else is a partner of their own (add), and asks people anew.
`;

const OPTIONS = {
  ...PARTNER_OPTIONS,
  ...APPLICATION_OPTIONS,
  name: { type: 'string' },
  id: { type: 'string' },
  partner: { type: 'string' },
  application: { type: 'string' },
  'same-controller': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

const parse = (args: string[]) => parseArgs({ args, allowPositionals: true, allowNegative: true, options: OPTIONS });
type Values = ReturnType<typeof parse>['values'];

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, id, ...more] = positionals;
  const takesId = verb === 'update' || verb === 'suspend' || verb === 'resume';
  if (more.length > 0 || (id !== undefined && !takesId)) throw new UsageError('too many arguments');
  const say = speaker(context, values.json);
  switch (verb) {
    case 'add':
      await add(values, context, say);
      return 0;
    case 'add-application':
      await addToPartner(values, context, say);
      return 0;
    case 'update':
      await update(subjectOf(id, values.application), values, context, say);
      return 0;
    case 'suspend':
    case 'resume':
      await suspendOrResume(subjectOf(id, values.application), verb === 'suspend', context, say);
      return 0;
    case 'list': {
      const partners = await listPartners((await context.openStore()).pool);
      say(partners.map(asJson), tableOf(partners));
      return 0;
    }
    default:
      throw new UsageError('add, add-application, update, suspend, resume or list?');
  }
}

async function add(values: Values, context: CommandContext, say: Say): Promise<void> {
  const empty = { role: 'vendor', policyUrl: null, contact: null, controller: null, adFunded: false } as const;
  const wanted = { ...empty, ...readPartner(values), name: readName(values.name), id: readId(values.id) };
  const inChain = await openInChain(context);
  const added = await inChain(async (client, chain) => {
    const partner = await addPartner(client, wanted, context.now());
    if (partner !== null) noteAdded(context, chain, { partner });
    return partner;
  });
  if (added === null) throw new Error('there is a partner of that ID');
  say({ id: added, name: wanted.name }, `Added ${added}.\n`);
}

async function addToPartner(values: Values, context: CommandContext, say: Say): Promise<void> {
  if (values.partner === undefined) throw new UsageError('whose? give --partner ID, as `partners list` shows it');
  const asked = { partner: values.partner, name: readName(values.name), id: readId(values.id) };
  const wanted = { purposes: ['dpv:ServiceProvision'], maxPrecision: 2, ...readApplication(values), ...asked };
  const inChain = await openInChain(context);
  const added = await inChain(async (client, chain) => {
    const application = await addApplication(client, wanted, context.now());
    if (application !== null) noteAdded(context, chain, { application });
    return application;
  });
  if (added === null) throw new Error('there is no such partner, or there is an application of that ID');
  say({ id: added, partner: wanted.partner, name: wanted.name }, `Added ${added} of ${wanted.partner}.\n`);
}

async function update(subject: Subject, values: Values, context: CommandContext, say: Say): Promise<void> {
  const name = values.name === undefined ? {} : { name: readName(values.name) };
  const ofPartner = readPartner(values);
  const ofApplication = readApplication(values);
  const [own, others] = 'partner' in subject ? [ofPartner, ofApplication] : [ofApplication, ofPartner];
  if (Object.keys(others).length > 0) throw new UsageError('some of these describe a partner, some an application');
  if (Object.keys({ ...name, ...own }).length === 0) throw new UsageError('what is to change?');
  const isSame = values['same-controller'];
  if (isSame && ofPartner.controller === undefined) throw new UsageError('--same-controller goes with --controller');
  const fields = Object.keys({ ...name, ...own }).join(', ');
  await changeEverywhere(context, subject, async (client) => {
    if (!('partner' in subject)) {
      const found = await updateApplication(client, subject.application, { ...name, ...ofApplication });
      return found ? `updated: ${fields}` : null;
    }
    const renamed = await renaming(client, subject.partner, ofPartner.controller, isSame);
    const found = await updatePartner(client, subject.partner, { ...name, ...ofPartner });
    return found ? `updated: ${fields}${renamed}` : null;
  });
  say({ ...subject, updated: true }, `Updated ${nameOf(subject)}.\n`);
}

async function suspendOrResume(subject: Subject, suspended: boolean, context: CommandContext, say: Say): Promise<void> {
  const atMs = suspended ? context.now() : null;
  const done = suspended ? 'suspended' : 'resumed';
  await changeEverywhere(context, subject, async (client) =>
    (await setSuspended(client, subject, atMs)) ? done : null,
  );
  say({ ...subject, suspended }, `The ${nameOf(subject)} is ${done}.\n`);
}

/**
 * What the ledger says of another controller, which is neither name (it may be a person's, and the chain keeps it; receipts have
 * both); nothing if it stays, or is the first. Throws if nobody has said that it is the same legal person (attack: a partner is
 * sold, and what people said yes to goes on for a company that they never heard of).
 */
async function renaming(client: ClientBase, partner: string, to: string | undefined, isSame: boolean): Promise<string> {
  const from = to === undefined ? null : await lockController(client, partner);
  if (from === null || from === to) return '';
  if (!isSame)
    throw new Error(
      `people said yes to ${JSON.stringify(from)}. If that is the same legal person under another name or address, say so by --same-controller. If not, add a partner for who it is now, and suspend this one: its consents are not theirs`,
    );
  return '; the controller is affirmed to be the same';
}

/** In the transaction that adds it: its id may be one that the name suggests, and is known then only. */
function noteAdded(context: CommandContext, chain: Chain, subject: Subject): void {
  const application = 'application' in subject ? subject.application : null;
  chain.append({ at: context.now(), kind: KIND.staff, application, detail: `${nameOf(subject)} added` });
}

/** In the ledger's order, with a row in it that says what `change` did, and forgotten by every gateway before this resolves. */
async function changeEverywhere(
  context: CommandContext,
  subject: Subject,
  change: (client: ClientBase) => Promise<string | null>,
): Promise<void> {
  const inChain = await openInChain(context);
  const found = await inChain(async (client, chain) => {
    const what = await change(client);
    if (what === null) return false;
    const application = 'application' in subject ? subject.application : null;
    chain.append({ at: context.now(), kind: KIND.staff, application, detail: `${nameOf(subject)} ${what}` });
    chain.changed(null);
    return true;
  });
  if (!found) throw new Error(`there is no such ${'partner' in subject ? 'partner' : 'application'}`);
}

function subjectOf(partner: string | undefined, application: string | undefined): Subject {
  if ((partner === undefined) === (application === undefined))
    throw new UsageError('which one? give the ID of a partner, or --application ID');
  return partner === undefined ? { application: application! } : { partner };
}

function nameOf(subject: Subject): string {
  return 'partner' in subject ? `partner ${subject.partner}` : `application ${subject.application}`;
}

function asJson(partner: ListedPartner): object {
  const applications = partner.applications.map(
    ({ application, name, purposes, maxPrecision, applicationSuspended }) => ({
      ...{ id: application, name, purposes },
      ...{ maxPrecision: maxPrecision === 2 ? 'precise' : 'region', suspended: applicationSuspended },
    }),
  );
  return {
    ...partner,
    createdAt: iso(partner.createdAt),
    suspendedAt: isoOrNull(partner.suspendedAt),
    applications,
  };
}

function tableOf(partners: readonly ListedPartner[]): string {
  const rows = partners.flatMap((partner) => {
    const state = partner.suspendedAt !== null ? 'suspended' : partner.active ? 'active' : 'incomplete';
    const row = [partner.id, '', partner.name, partner.role, state, '', ''];
    const theirs = partner.applications.map((one) => [
      ...['', one.application, one.name, ''],
      one.applicationSuspended ? 'suspended' : '',
      one.maxPrecision === 2 ? 'precise' : 'region',
      one.purposes.join(' '),
    ]);
    return [row, ...theirs];
  });
  return formatTable(['PARTNER', 'APPLICATION', 'NAME', 'ROLE', 'STATE', 'AT MOST', 'PURPOSES'], rows);
}
