// `honeyguide keys`: who may ask this gateway. Running servers follow within a second.

import { parseArgs } from 'node:util';
import { isKeyName, KEY_CLASSES, type KeyClass } from '../partners/keys.ts';
import { addKey, listKeys, revokeKey } from '../partners/store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { formatTable } from './table.ts';

export const usage = `usage: honeyguide keys add --class device|partner|submit --name NAME [--daily-quota N] [--per-minute N]
                           [--trusted] [--json]
       honeyguide keys list [--json]
       honeyguide keys revoke ID [--json]

A key is shown once, when it is added; only its hash is kept. Classes: device (phone makers: an estimate),
partner (application vendors: what consent allows), submit (reports only). Quotas count requests; none by default.
--trusted: reports sent with this key teach the map without a second witness, for a fleet's own collectors. Never put
such a key into a phone that others hold: whoever reads it out can place stations where they like.
`;

/** Largest quota the store holds. */
const MAX_QUOTA = 2_147_483_647;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      class: { type: 'string' },
      name: { type: 'string' },
      'daily-quota': { type: 'string' },
      'per-minute': { type: 'string' },
      trusted: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [verb, id, ...more] = positionals;
  if (more.length > 0 || (id !== undefined && verb !== 'revoke')) throw new UsageError('too many arguments');
  const say = (result: object, text: string) => {
    context.output.write(values.json ? `${JSON.stringify(result)}\n` : text);
  };
  switch (verb) {
    case 'add': {
      const wanted = {
        class: keyClass(values.class),
        name: keyName(values.name),
        dailyQuota: quota(values['daily-quota']),
        perMinute: quota(values['per-minute']),
        trusted: values.trusted,
      };
      if (wanted.trusted && wanted.class === 'partner')
        throw new UsageError('a partner sends no reports to be trusted');
      const added = await addKey(await context.openStore(), wanted, context.random, context.now());
      say(added, `${added.key}\n\nKept as ${added.id} (${added.class}, ${added.name}). It will not be shown again.\n`);
      return 0;
    }
    case 'list':
      await list(context, say);
      return 0;
    case 'revoke': {
      if (!id) throw new UsageError('which key? give its ID, as `keys list` shows it');
      const revoked = await revokeKey(await context.openStore(), id, context.now());
      if (!revoked) throw new Error('there is no key with that ID that is still good');
      say({ id, revoked }, `Revoked ${id}.\n`);
      return 0;
    }
    default:
      throw new UsageError('add, list or revoke?');
  }
}

async function list(context: CommandContext, say: (result: object, text: string) => void): Promise<void> {
  const keys = await listKeys(await context.openStore());
  const day = (ms: number | null) => (ms === null ? '' : new Date(ms).toISOString().slice(0, 10));
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  say(
    keys.map((key) => ({ ...key, createdAt: time(key.createdAt), revokedAt: time(key.revokedAt) })),
    formatTable(
      ['ID', 'CLASS', 'NAME', 'A DAY', 'A MINUTE', 'TRUSTED', 'ADDED', 'REVOKED'],
      keys.map((key) => [
        key.id,
        key.class,
        key.name,
        `${key.dailyQuota ?? ''}`,
        `${key.perMinute ?? ''}`,
        key.trusted ? 'yes' : '',
        day(key.createdAt),
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

function keyName(given: string | undefined): string {
  if (given === undefined || !isKeyName(given))
    throw new UsageError('--name must say whose key it is, in 1 to 100 characters');
  return given.trim();
}

function quota(given: string | undefined): number | null {
  if (given === undefined) return null;
  const value = /^\d{1,10}$/.test(given) ? Number(given) : 0;
  if (value < 1 || value > MAX_QUOTA) throw new UsageError('a quota must be a whole number from 1');
  return value;
}
