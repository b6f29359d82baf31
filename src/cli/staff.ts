// `honeyguide staff`: who may do what by the command line. The first one is an admin and needs nobody's leave.
import { parseArgs } from 'node:util';
import { isRole, ROLE_NAMES, ROLES, type Role } from '../rights/staff.ts';
import { addFirstStaff, addStaff, endStaff, isUnstaffed, listStaff, StaffRefused } from '../rights/staff-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { announceIfStaffed, given, openDesk } from './desk.ts';
import { speaker } from './speaker.ts';
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
  const { store, act, erasing } = await openDesk(context);
  const { pool } = store;
  switch (verb) {
    case 'list': {
      await announceIfStaffed(context, 'staff', values.reason);
      const all = await listStaff(pool);
      say(
        all,
        formatTable(
          ['ID', 'ROLES', 'ENDED'],
          all.map((one) => [
            one.id,
            one.roles.join(','),
            one.endedAt === null ? '' : new Date(one.endedAt).toISOString(),
          ]),
        ),
      );
      return 0;
    }
    case 'add': {
      const who = staffId(id);
      const roles = rolesOf(values.roles);
      const add = (client: Parameters<typeof addStaff>[0]) =>
        addStaff(client, who, roles, context.random, context.now());
      const first = await isUnstaffed(pool);
      if (first && !roles.includes('admin')) throw new UsageError('the first one must be an admin');
      const deps = { inChain: erasing.inChain, now: context.now };
      const about = async () => ({ object: `add ${who} ${roles.join(',')}` });
      const firstKey = first ? await addFirstStaff(deps, who, roles, context.random) : null;
      const key = firstKey ?? (await act('staff', values.reason, add, about));
      say({ id: who, roles, key }, `${key}\n\nThe key of ${who} (${roles.join(', ')}). It will not be shown again.\n`);
      return 0;
    }
    case 'end': {
      const who = staffId(id);
      const ended = await act(
        'staff',
        values.reason,
        (client) => endStaff(client, who, context.now()),
        async () => ({ object: `end ${who}` }),
      );
      if (ended === 'nobody') throw new Error('there is nobody of that id');
      if (ended === 'lastAdmin')
        throw new StaffRefused('no admin would remain, and nobody could add the next one: add another first');
      say({ id: who, ended: true }, `${who} may do nothing any more.\n`);
      return 0;
    }
    default:
      throw new UsageError('add, end or list?');
  }
}

function staffId(text: string | undefined): string {
  const id = given(text, 'ID');
  if (!/^[a-z][a-z0-9.-]{1,30}$/.test(id)) throw new UsageError('ID is 2 to 31 small letters, digits, dots and dashes');
  return id;
}

function rolesOf(text: string | undefined): Role[] {
  const roles = given(text, '--roles').split(',');
  const unknown = roles.filter((role) => !isRole(role));
  if (unknown.length > 0) throw new UsageError(`--roles are of ${Object.keys(ROLES).join(', ')}`);
  return roles as Role[];
}
