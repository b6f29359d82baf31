// `honeyguide keys`: who may ask this gateway. Servers that run know of it when the command ends, on a loaded machine within a second.

import { parseArgs } from 'node:util';
import { MAX_PER_MINUTE } from '../http/quotas.ts';
import { KEY_CLASSES, type KeyClass } from '../partners/keys.ts';
import { addKey, awaitFollowers, isKey, type KeyHolder, listKeys, newKeyId, revokeKey } from '../partners/store.ts';
import type { About } from '../rights/staff-store.ts';
import { iso, isoOrNull } from '../time/iso.ts';
import { DAY_MS } from '../time/spans.ts';
import { type CommandContext, UsageError } from './context.ts';
import { APPLICATION_OPTIONS, PARTNER_OPTIONS, readApplication, readName, readPartner } from './recipient-options.ts';
import { type Say, speaker } from './speaker.ts';
import { dayOf, formatTable } from './table.ts';

export const usage = `usage: honeyguide keys add --class device|partner|submit --name NAME [--daily-quota N] [--per-minute N]
                           [--expires-days N] [--trusted] [--json]
       honeyguide keys add --class partner --name NAME [--application ID | options of a new partner] [...]
       honeyguide keys list [--json]
       honeyguide keys revoke ID [--json]

A key is shown once, when it is added; only its hash is kept. Classes: device (phone makers: an estimate),
partner (application vendors: what consent allows), submit (reports only). Quotas count requests; none by default.
--trusted: reports sent with this key teach the map without a second witness, for a fleet's own collectors. Never put
such a key into a phone that others hold: whoever reads it out can place stations where they like.
A partner's key stands for one application: the one named, or one made with it, of a partner of its own. Options of that
partner: --role vendor|licensee|operator --policy-url URL --contact C --controller ADDRESS --ad-funded --purposes dpv:X,...
--max-precision region|precise; without the first three of its particulars (policy, contact, controller) it gets regions only.
`;

/** Largest number the store holds; a day's counter is as wide. */
const MAX_A_DAY = 2_147_483_647;
/** A hundred years: never. */
const MAX_DAYS = 36_500;

const OPTIONS = {
  ...PARTNER_OPTIONS,
  ...APPLICATION_OPTIONS,
  class: { type: 'string' },
  name: { type: 'string' },
  'daily-quota': { type: 'string' },
  'per-minute': { type: 'string' },
  'expires-days': { type: 'string' },
  trusted: { type: 'boolean', default: false },
  application: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;
const parse = (args: string[]) => parseArgs({ args, allowPositionals: true, options: OPTIONS });
type Values = ReturnType<typeof parse>['values'];

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, id, ...more] = positionals;
  if (more.length > 0 || (id !== undefined && verb !== 'revoke')) throw new UsageError('too many arguments');
  const say = speaker(context, values.json);
  switch (verb) {
    case 'add':
      await add(values, context, say);
      return 0;
    case 'list':
      await list(context, say);
      return 0;
    case 'revoke': {
      if (!id) throw new UsageError('which key? give its ID, as `keys list` shows it');
      const about: About = async (client) => ({ object: (await isKey(client, id)) ? `revoke ${id}` : null });
      const store = await context.openStore(about);
      const revoked = await revokeKey(store, id, context.now());
      if (!revoked) throw new Error('there is no key with that ID that is still good');
      await awaitFollowers(store);
      say({ id, revoked }, `Revoked ${id}.\n`);
      return 0;
    }
    default:
      throw new UsageError('add, list or revoke?');
  }
}

async function add(values: Values, context: CommandContext, say: Say): Promise<void> {
  const days = whole(values['expires-days'], MAX_DAYS, `--expires-days must be a whole number from 1 to ${MAX_DAYS}`);
  const wanted = {
    class: keyClass(values.class),
    name: readName(values.name),
    dailyQuota: quota(values['daily-quota'], '--daily-quota', MAX_A_DAY),
    perMinute: quota(values['per-minute'], '--per-minute', MAX_PER_MINUTE),
    trusted: values.trusted,
    ...(days !== null && { expiresAt: context.now() + days * DAY_MS }),
  };
  if (wanted.trusted && wanted.class === 'partner') throw new UsageError('a partner sends no reports to be trusted');
  const holder = holderOf(values, wanted.class);
  const id = newKeyId(context.random);
  const store = await context.openStore(async () => ({ object: `add ${id} ${wanted.class}` }));
  const added = await addKey(store, { ...wanted, id }, context.random, context.now(), holder);
  await awaitFollowers(store);
  const whose = added.application === undefined ? '' : `, of application ${added.application}`;
  const kept = `Kept as ${added.id} (${added.class}, ${added.name}${whose}).`;
  say(added, `${added.key}\n\n${kept} It will not be shown again.\n`);
}

async function list(context: CommandContext, say: Say): Promise<void> {
  const keys = await listKeys(await context.openStore());
  const day = (ms: number | null) => (ms === null ? '' : dayOf(ms));
  say(
    keys.map((key) => ({
      ...key,
      createdAt: iso(key.createdAt),
      revokedAt: isoOrNull(key.revokedAt),
      ...(key.expiresAt !== undefined && { expiresAt: isoOrNull(key.expiresAt) }),
    })),
    formatTable(
      ['ID', 'CLASS', 'NAME', 'APPLICATION', 'A DAY', 'A MINUTE', 'TRUSTED', 'ADDED', 'EXPIRES', 'REVOKED'],
      keys.map((key) => [
        key.id,
        key.class,
        key.name,
        key.application ?? '',
        `${key.dailyQuota ?? ''}`,
        `${key.perMinute ?? ''}`,
        key.trusted ? 'yes' : '',
        day(key.createdAt),
        day(key.expiresAt ?? null),
        day(key.revokedAt),
      ]),
    ),
  );
}

function keyClass(given: string | undefined): KeyClass {
  const known = KEY_CLASSES.find((name) => name === given);
  if (!known) throw new UsageError(`--class must be one of ${KEY_CLASSES.join(', ')}`);
  return known;
}

function holderOf(values: Values, keyClass: KeyClass): KeyHolder {
  const described = { ...readPartner(values), ...readApplication(values) };
  const isDescribed = Object.keys(described).length > 0;
  if (keyClass !== 'partner' && (isDescribed || values.application !== undefined))
    throw new UsageError('only a key of a partner stands for an application');
  if (values.application === undefined) return described;
  if (isDescribed) throw new UsageError('an application that is there is changed with `partners update`');
  return { application: values.application };
}

function quota(given: string | undefined, option: string, max: number): number | null {
  return whole(given, max, `${option} must be a whole number from 1 to ${max}`);
}

function whole(given: string | undefined, max: number, otherwise: string): number | null {
  if (given === undefined) return null;
  const value = /^\d{1,10}$/.test(given) ? Number(given) : 0;
  if (value < 1 || value > max) throw new UsageError(otherwise);
  return value;
}
