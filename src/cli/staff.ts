// `honeyguide staff`: who may do what by the command line. The first one is an admin and needs nobody's leave.
import { parseArgs } from 'node:util';
import { isRole, ROLE_NAMES, type Role } from '../rights/staff.ts';
import { addFirstStaff, addStaff, endStaff, isUnstaffed, listStaff, StaffRefused } from '../rights/staff-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { announceIfStaffed, type Desk, given, openDesk } from './desk.ts';
import { type Say, speaker } from './speaker.ts';
import { formatTable } from './table.ts';

export const usage = `usage: honeyguide staff add ID --roles ROLE,ROLE --reason TEXT [--json]
       honeyguide staff end ID --reason TEXT [--json]
       honeyguide staff list --reason TEXT [--json]

Roles: ${ROLE_NAMES.join(', ')}. The personal key is shown once; whoever has it sets STAFF_KEY. Every act needs a reason
that names nobody, and is a row of the audit chain. The last admin can't be ended: add another first.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { roles: { type: 'string' }, reason: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const [verb, id, ...more] = positionals;
  if (more.length > 0) throw new UsageError('too many arguments');
  const say = speaker(context, values.json);
  const desk = await openDesk(context);
  switch (verb) {
    case 'list':
      await announceIfStaffed(context, 'staff', values.reason);
      await list(desk, say);
      return 0;
    case 'add':
      await add(staffId(id), rolesOf(values.roles), values.reason, desk, context, say);
      return 0;
    case 'end':
      await end(staffId(id), values.reason, desk, context, say);
      return 0;
    default:
      throw new UsageError('add, end or list?');
  }
}

async function list({ store }: Desk, say: Say): Promise<void> {
  const all = await listStaff(store.pool);
  const rows = all.map(({ id, roles, endedAt }) => [
    id,
    roles.join(','),
    endedAt === null ? '' : new Date(endedAt).toISOString(),
  ]);
  say(all, formatTable(['ID', 'ROLES', 'ENDED'], rows));
}

async function add(
  id: string,
  roles: Role[],
  reason: string | undefined,
  { store, act, erasing }: Desk,
  context: CommandContext,
  say: Say,
): Promise<void> {
  const first = await isUnstaffed(store.pool);
  if (first && !roles.includes('admin')) throw new UsageError('the first one must be an admin');
  const addAnother = () =>
    act(
      'staff',
      reason,
      (client) => addStaff(client, id, roles, context.random, context.now()),
      async () => ({ object: `add ${id} ${roles.join(',')}` }),
    );
  const deps = { inChain: erasing.inChain, now: context.now };
  const firstKey = first ? await addFirstStaff(deps, id, roles, context.random) : null;
  const key = firstKey ?? (await addAnother());
  say({ id, roles, key }, `${key}\n\nThe key of ${id} (${roles.join(', ')}). It will not be shown again.\n`);
}

async function end(
  id: string,
  reason: string | undefined,
  { act }: Desk,
  context: CommandContext,
  say: Say,
): Promise<void> {
  const ended = await act(
    'staff',
    reason,
    (client) => endStaff(client, id, context.now()),
    async () => ({ object: `end ${id}` }),
  );
  if (ended === 'nobody') throw new Error('there is nobody of that id');
  if (ended === 'lastAdmin')
    throw new StaffRefused('no admin would remain, and nobody could add the next one: add another first');
  say({ id, ended: true }, `${id} may do nothing any more.\n`);
}

function staffId(text: string | undefined): string {
  const id = given(text, 'ID');
  if (!/^[a-z][a-z0-9.-]{1,30}$/.test(id))
    throw new UsageError('ID must be 2 to 31 small letters, digits, dots and dashes');
  return id;
}

function rolesOf(text: string | undefined): Role[] {
  const roles = given(text, '--roles').split(',');
  const unknown = roles.filter((role) => !isRole(role));
  if (unknown.length > 0) throw new UsageError(`--roles must list some of ${ROLE_NAMES.join(', ')}`);
  return roles as Role[];
}
