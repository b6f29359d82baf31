// `honeyguide policies`: what is promised to people, published for good. A material version puts the consents that it touches on
// hold from its date on, until each is confirmed.
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { listPolicies, publishPolicy } from '../policy/store.ts';
import { currentPolicy, WIDENS, type Widens } from '../policy/versions.ts';
import { DAY_MS, YEAR_MS } from '../time/spans.ts';
import { type CommandContext, UsageError } from './context.ts';
import { openInChain } from './in-chain.ts';
import { type Say, speaker } from './speaker.ts';
import { formatTable } from './table.ts';
import { timeOf } from './time-of.ts';

export const usage = `usage: honeyguide policies publish FILE... --version NAME [--effective DATE [--backdated]] [--material --widens LIST] [--json]
       honeyguide policies list [--json]

Publishes a version of the privacy policy: one FILE for each language, named like policy.nl.md or en.txt. It takes effect
on DATE (2027-03-01, or 2027-03-01T18:00Z; now, if none is given; at most two years ahead, a week back, or longer
ago with --backdated) and can't be changed any more.
--material: it widens what consents may be relied on for; LIST says in what way: ${WIDENS.join(', ')}. Consents of
that kind wait from then on until people confirm them.
`;

const OPTIONS = {
  version: { type: 'string' },
  effective: { type: 'string' },
  material: { type: 'boolean', default: false },
  widens: { type: 'string' },
  backdated: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.-]{0,39}$/;
/** A policy is read by people: longer than any that was. */
const MAX_TEXT_BYTES = 1_000_000;
/** What was announced on paper may be published a while later; more is a slip of the year, and an archive that says what nobody saw. */
const MAX_BEHIND_MS = 7 * DAY_MS;
/** No version can take effect before one that is published, so a slip of the year would be the last there ever is. */
const MAX_AHEAD_MS = 2 * YEAR_MS;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  const [verb, ...files] = positionals;
  const say = speaker(context, values.json);
  if (verb === 'list' && files.length === 0) {
    await list(context, say);
    return 0;
  }
  if (verb !== 'publish') throw new UsageError('publish or list?');
  const { version } = values;
  if (version === undefined || !VERSION.test(version) || version === 'current')
    throw new UsageError('--version must be a short name such as 2027-01-01');
  const nowMs = context.now();
  const effectiveAt = values.effective === undefined ? nowMs : timeOf(values.effective, '--effective');
  if (effectiveAt > nowMs + MAX_AHEAD_MS) throw new UsageError('--effective lies more than two years ahead: a slip?');
  if (effectiveAt < nowMs - MAX_BEHIND_MS && !values.backdated)
    throw new UsageError('--effective lies more than a week back: a slip? If it is not, --backdated says so');
  const policy = {
    ...{ version, effectiveAt, material: values.material },
    widens: readWidens(values.material, values.widens),
    texts: readTexts(files),
  };
  const inChain = await openInChain(context);
  const held = await inChain((client, chain) => publishPolicy(client, chain, policy, nowMs));
  if (held === 'exists') throw new Error('there is a version of that name, and what is published is never changed');
  if (held === 'notLast') throw new Error('a version that takes effect later is published already');
  const effective = new Date(effectiveAt).toISOString();
  say(
    { version, effectiveAt: effective, consentsOnHold: held },
    `Published ${version}, in effect from ${effective}. Consents that wait to be confirmed from then on: ${held}.\n`,
  );
  return 0;
}

function readWidens(material: boolean, given: string | undefined): Widens[] {
  const names = (given ?? '').split(',').filter((name) => name !== '');
  const widens = WIDENS.filter((known) => names.includes(known));
  if (widens.length < new Set(names).size) throw new UsageError(`--widens must list some of ${WIDENS.join(', ')}`);
  if (material !== widens.length > 0) throw new UsageError('--material and --widens go together');
  return widens;
}

function readTexts(files: readonly string[]): { language: string; text: string }[] {
  const texts = files.map((file) => {
    const language = /(?:^|[./\\])([a-z]{2}(?:-[A-Z]{2})?)\.[a-z]+$/.exec(file)?.[1];
    if (language === undefined) throw new UsageError('the name of each file must say its language, as in policy.nl.md');
    const bytes = readFileSync(file);
    if (bytes.length === 0 || bytes.length > MAX_TEXT_BYTES)
      throw new Error('a text is empty, or longer than a megabyte');
    return { language, text: readUtf8(bytes) };
  });
  if (texts.length === 0) throw new UsageError('which file?');
  if (new Set(texts.map((one) => one.language)).size < texts.length) throw new UsageError('one file for each language');
  return texts;
}

/**
 * The text whose UTF-8 is these bytes, with the mark at their beginning if there is one: its hash is the file's. Never a guess: what
 * is published with letters that were lost can't be changed any more.
 */
function readUtf8(bytes: Buffer): string {
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8');
  throw new Error('a text is not UTF-8: save it as that, or its letters would be lost for good');
}

async function list(context: CommandContext, say: Say): Promise<void> {
  const policies = await listPolicies((await context.openStore()).pool);
  const current = currentPolicy(policies, context.now());
  const rows = policies.map((one) => ({
    version: one.version,
    effectiveAt: new Date(one.effectiveAt).toISOString(),
    current: one.version === current?.version,
    widens: one.widens,
    languages: one.texts.map((text) => text.language),
  }));
  say(
    rows,
    formatTable(
      ['VERSION', 'FROM', 'CURRENT', 'WIDENS', 'LANGUAGES'],
      rows.map((one) => [
        ...[one.version, one.effectiveAt.slice(0, 10), one.current ? 'yes' : ''],
        ...[one.widens.join(' '), one.languages.join(' ')],
      ]),
    ),
  );
}
