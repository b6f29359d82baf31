// `honeyguide legal`: disclosures under law, for security, to protect rights; and rows that law forbids to delete. The ledger's rows
// about these acts name the disclosure or the hold and not its person, who may not hear of it yet: what is handed over is a row
// of theirs, and hidden as long as the gag lasts.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { exportJson } from '../rights/held-json.ts';
import type { HeldPage } from '../rights/held-store.ts';
import { HOLD_CAUSES, holdProblem, legalProblem } from '../rights/legal-limits.ts';
import {
  approveLegal,
  findLegal,
  isDisclosable,
  LEGAL_BASES,
  type LegalBasis,
  type LegalRow,
  type LegalScope,
  noteHandedOver,
  openScope,
  readLegalPages,
  readyLegal,
  requestLegal,
} from '../rights/legal-store.ts';
import { canBeHeld, endHold, isHold, listHolds, placeHold } from '../rights/retention-store.ts';
import { namesSomebody } from '../rights/staff.ts';
import { type About, StaffRefused } from '../rights/staff-store.ts';
import { holdReason } from '../rights/told-holds-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { announceOnly, type Desk, given, openDesk, uuidOf } from './desk.ts';
import { type Say, speaker } from './speaker.ts';
import { dayOf, formatTable } from './table.ts';
import { endOf, timeOf } from './time-of.ts';
import { writeNewFile } from './write-pieces.ts';

export const usage = `usage: honeyguide legal request DEVICE --basis BASIS --reference REF --authority WHO --statute LAW
                          --fields TABLE,TABLE --from DATE --to DATE --ends DATE [--gag-until DATE] --reason TEXT
       honeyguide legal approve|show ID --reason TEXT
       honeyguide legal execute ID --out FILE --reason TEXT
       honeyguide legal hold TABLE ROW --ends DATE [--because CAUSE] --reason TEXT
       honeyguide legal end-hold ID --reason TEXT
       honeyguide legal holds --reason TEXT                          (all with [--json])

BASIS: ${LEGAL_BASES.join(', ')}. Two people with the approver's role of that basis, neither the one who asks,
must approve before it can be carried out, and be of the staff still when it is; \`show\` says to them, and to who asked,
what it is about. It is carried out once, by whoever may ask for one of its basis, before --ends, those fields and that
period only, into a new file. It is in the person's own export unless the gag date lies ahead, and counted in
\`honeyguide transparency\`. --ends and --to lie within a year, a gag within two.
ROW is the row's primary key, its columns joined by /. A hold lasts a year at most, and is placed again if it is needed
longer; CAUSE is ${HOLD_CAUSES.join(' or ')} (the first is the default). Who is erased meanwhile reads that something
is held, the cause and until when, unless a gag lies ahead.
DATE is 2026-11-28, or 2026-11-28T18:00Z. Without a time it is the beginning of that day in UTC; for --to its end, so that
the day is handed over.
`;

const OPTIONS = {
  basis: { type: 'string' },
  reference: { type: 'string' },
  authority: { type: 'string' },
  statute: { type: 'string' },
  fields: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  ends: { type: 'string' },
  because: { type: 'string' },
  'gag-until': { type: 'string' },
  reason: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;
type Values = ReturnType<typeof parse>['values'];
const parse = (args: string[]) => parseArgs({ args, allowPositionals: true, options: OPTIONS });

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, what, row, ...more] = positionals;
  if (more.length > 0 || (row !== undefined && verb !== 'hold')) throw new UsageError('too many arguments');
  const say = speaker(context, values.json);
  const desk = await openDesk(context);
  switch (verb) {
    case 'request': {
      const id = await request(context, desk, uuidOf(what, 'a device'), values);
      say({ id }, `Noted as ${id}; two others must approve it.\n`);
      return 0;
    }
    case 'approve':
    case 'show':
      return await approve(context, desk, verb, uuidOf(what, 'a disclosure'), values, say);
    case 'execute':
      return await execute(context, desk, uuidOf(what, 'a disclosure'), values, say);
    case 'hold':
      return await hold(context, desk, given(what, 'TABLE'), given(row, 'ROW'), values, say);
    case 'end-hold': {
      const id = uuidOf(what, 'a hold');
      const about: About = async (client) => ({ object: (await isHold(client, id)) ? `end-hold ${id}` : null });
      if (!(await desk.act('hold', values.reason, (client) => endHold(client, id, context.now()), about)))
        throw new Error('there is no such hold, or it is over');
      say({ id, ended: true }, 'It is over.\n');
      return 0;
    }
    case 'holds': {
      await desk.act('hold', values.reason, announceOnly);
      const all = await listHolds(desk.store.pool, context.now());
      const rows = all.map((one) => [one.id, one.table, one.rowKey, dayOf(one.endsAt), one.reason]);
      say(all, formatTable(['ID', 'TABLE', 'ROW', 'ENDS', 'REASON'], rows));
      return 0;
    }
    default:
      throw new UsageError('request, approve, show, execute, hold, end-hold or holds?');
  }
}

async function request(
  context: CommandContext,
  { act, masters }: Desk,
  device: string,
  values: Values,
): Promise<string> {
  const basis = basisOf(values.basis);
  const fields = given(values.fields, '--fields').split(',');
  const wrong = fields.filter((field) => !isDisclosable(field));
  if (wrong.length > 0)
    throw new UsageError('--fields must list tables about a device (src/rights/registry.ts), no keys');
  const nowMs = context.now();
  const wanted = {
    ...{ id: randomUUID(), device, basis, fields },
    reference: given(values.reference, '--reference'),
    authority: lasting(values.authority, '--authority'),
    statute: lasting(values.statute, '--statute'),
    ...{ from: timeOf(values.from, '--from'), to: endOf(values.to, '--to'), endsAt: timeOf(values.ends, '--ends') },
    gagUntil: values['gag-until'] === undefined ? null : timeOf(values['gag-until'], '--gag-until'),
  };
  const problem = legalProblem(wanted, nowMs);
  if (problem !== null) throw new UsageError(problem);
  const noted = await act(
    `legal:${basis}`,
    values.reason,
    (client, chain, staff) => requestLegal(client, chain, masters, wanted, staff, context.random, nowMs),
    async () => ({ object: `request ${wanted.id}` }),
  );
  if (!noted) throw new Error('there is no such device');
  return wanted.id;
}

/** Shows what it is to whoever approves, and to whoever asked: nobody can approve what they can't see. */
async function approve(
  context: CommandContext,
  { act, store, masters }: Desk,
  verb: 'approve' | 'show',
  id: string,
  values: Values,
  say: Say,
): Promise<number> {
  const found = await findLegal(store.pool, id);
  if (found === null) throw new Error('there is no such disclosure');
  const approves = `approve:${found.basis}` as const;
  const shown = await act(
    verb === 'approve' ? approves : [approves, `legal:${found.basis}`],
    values.reason,
    async (client, _chain, staff, as) => {
      if (as !== approves && staff !== found.requestedBy) return 'only who asked for it and its approvers may see it';
      const problem = verb === 'show' ? null : await approveLegal(client, id, staff, context.now());
      return problem ?? { row: (await findLegal(client, id))!, scope: await openScope(client, masters, found) };
    },
    async () => ({ object: `${verb} ${id}` }),
  );
  if (typeof shown === 'string') throw new StaffRefused(shown);
  say({ ...shown.row, scope: shown.scope }, inWords(shown.row, shown.scope));
  return 0;
}

function inWords(row: LegalRow, scope: LegalScope | null): string {
  const time = (ms: number | null) => (ms === null ? 'none' : new Date(ms).toISOString());
  const lines = {
    ...{ disclosure: row.id, device: row.device, basis: row.basis },
    ...(scope === null
      ? { scope: 'not to be read any more: the device was erased' }
      : {
          ...{ reference: scope.reference, authority: scope.authority, statute: scope.statute },
          ...{ fields: scope.fields.join(', '), period: `${time(scope.from)} to ${time(scope.to)}` },
        }),
    ...{ ends: time(row.endsAt), gag: time(row.gagUntil), 'asked for by': row.requestedBy },
    ...{ 'approved by': row.approvedBy.join(', ') || 'nobody', 'carried out': time(row.executedAt) },
  };
  return Object.entries(lines)
    .map(([name, text]) => `${`${name}:`.padEnd(14)} ${text}\n`)
    .join('');
}

/** For a disclosure that is not there, to say so to whoever carries out any. */
const EXECUTES = ['execute:legal_obligation', 'execute:security', 'execute:protect_rights'] as const;

async function execute(
  context: CommandContext,
  { act, masters, store, erasing }: Desk,
  id: string,
  values: Values,
  say: Say,
): Promise<number> {
  const out = given(values.out, '--out');
  const nowMs = context.now();
  const tables = new Set<string>();
  async function open(): Promise<AsyncIterable<string>> {
    const found = await findLegal(store.pool, id);
    // Whoever asks for disclosures of one basis carries out no others (C4).
    const action = found === null ? EXECUTES : (`execute:${found.basis}` as const);
    const about: About = async () => ({ object: found === null ? null : `execute ${id}` });
    const ready = await act(action, values.reason, (client) => readyLegal(client, masters, id, nowMs), about);
    if (typeof ready === 'string') throw new StaffRefused(ready);
    return exportJson({ disclosure: id, ...ready.scope }, noting(tables, readLegalPages(store.pool, ready, nowMs)));
  }
  await writeNewFile(out, open, async () => {
    const refused = await erasing.inChain((client, chain) => noteHandedOver(client, chain, masters, id, nowMs));
    if (refused !== null) throw new StaffRefused(refused);
  });
  say({ id, out, tables: [...tables] }, `Written to ${out}.\n`);
  return 0;
}

async function* noting(tables: Set<string>, pages: AsyncIterable<HeldPage>): AsyncGenerator<HeldPage> {
  for await (const page of pages) {
    tables.add(page.table);
    yield page;
  }
}

async function hold(
  context: CommandContext,
  { act }: Desk,
  table: string,
  rowKey: string,
  values: Values,
  say: Say,
): Promise<number> {
  if (!canBeHeld(table))
    throw new UsageError('rows of that table are not held: nothing deletes them, or they say where somebody was');
  const endsAt = timeOf(values.ends, '--ends');
  const problem = holdProblem(endsAt, context.now());
  if (problem !== null) throw new UsageError(problem);
  const because = HOLD_CAUSES.find((one) => one === (values.because ?? HOLD_CAUSES[0]));
  if (because === undefined) throw new UsageError(`--because must be one of ${HOLD_CAUSES.join(', ')}`);
  const id = randomUUID();
  const placed = await act(
    'hold',
    values.reason,
    (client, _chain, placedBy) =>
      placeHold(
        client,
        { id, table, rowKey, reason: holdReason(because, values.reason!.trim()), placedBy, endsAt },
        context.now(),
      ),
    async () => ({ object: `hold ${id}` }),
  );
  if (!placed) throw new Error('there is no such row');
  say({ id, table, rowKey }, `Held as ${id}.\n`);
  return 0;
}

/** Words that the ledger keeps whoever is erased: short, and naming nobody by an id. */
function lasting(text: string | undefined, name: string): string {
  const words = given(text, name);
  if (words.length > 200 || namesSomebody(words))
    throw new UsageError(`${name} must be 200 characters at most, without an id of anybody`);
  return words;
}

function basisOf(text: string | undefined): LegalBasis {
  const known = LEGAL_BASES.find((basis) => basis === text);
  if (known === undefined) throw new UsageError(`--basis must be one of ${LEGAL_BASES.join(', ')}`);
  return known;
}
