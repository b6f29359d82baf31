// `honeyguide master-key`: a new key in place of the one that wraps the keys of devices, while gateways go on.
import { parseArgs } from 'node:util';
import { forgetOldMasterKey, prepareMasterKey, readMasterKeys, switchMasterKey } from '../config/master-keys.ts';
import { loadSecrets, secretsPath } from '../config/secrets.ts';
import { masterKeysOf } from '../devices/master-keys.ts';
import { countWrapped, rewrapKeys } from '../rights/rewrap-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { speaker } from './speaker.ts';

export const usage = `usage: honeyguide master-key status|prepare|switch|retire [--json]

Rotation in three steps; with gateways on several hosts, copy the secrets file to all of them after each, before the next:
prepare  adds a new key that everybody knows and nobody uses yet
switch   makes it the current one and wraps every key of the store anew; run it again until \`other\` is 0
retire   forgets the old one: refused while anything in the store still needs it. Backups of device_keys from before can't be
         opened from then on, which is what ends the keys of erased people in them.
Gateways look at the file about once a second; wait that long between switch and retire.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [verb, ...more] = positionals;
  if (more.length > 0 || !['status', 'prepare', 'switch', 'retire'].includes(verb)) {
    throw new UsageError('status, prepare, switch or retire?');
  }
  const store = await context.openStore(async () => ({ object: verb }));
  loadSecrets(context.config, context.random);
  const path = secretsPath(context.config);
  const masters = () => masterKeysOf(readMasterKeys(path));
  let rewrapped = 0;
  if (verb === 'prepare' && !prepareMasterKey(path, context.random))
    throw new Error('a rotation is under way: switch, or retire');
  if (verb === 'switch') {
    // Run again, it goes on wrapping.
    if (!switchMasterKey(path, context.random) && readMasterKeys(path).length === 1)
      throw new Error('no key was prepared');
    rewrapped = await rewrapKeys(store.pool, masters(), context.random, context.signal);
  }
  if (verb === 'retire') {
    const { other } = await countWrapped(store.pool, masters());
    if (other > 0) throw new Error(`${other} keys of the store still need the old one: switch again`);
    if (!forgetOldMasterKey(path, context.random)) throw new Error('there is no old key');
  }
  const counts = await countWrapped(store.pool, masters());
  speaker(context, values.json)(
    { ...counts, rewrapped, keys: readMasterKeys(path).length },
    `current ${counts.current}, other ${counts.other}, unknown ${counts.unknown}; ${rewrapped} wrapped anew\n`,
  );
  return counts.unknown === 0 ? 0 : 1;
}
