// `honeyguide erase`: erases a device for a person who proved otherwise who they are, and what came back with a backup.
import { parseArgs } from 'node:util';
import { markChild } from '../rights/children-store.ts';
import { advanceErasures, beginErasure, compactKeys } from '../rights/erase-store.ts';
import { findLeaving, findReturned } from '../rights/returned-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { aboutPerson, announceOnly, openDesk, uuidOf } from './desk.ts';
import { speaker } from './speaker.ts';

export const usage = `usage: honeyguide erase DEVICE --reason TEXT [--child] [--json]
       honeyguide erase --returned --reason TEXT [--json]

Needs STAFF_KEY with the role \`privacy\`. DEVICE is what GET /v1/me calls \`id\`. --child marks the device as a child's instead:
nothing is shared from then on, and all of it is erased within the hour unless a parent's consent is recorded.
--returned erases again what was erased before and is there again: run it after restoring a backup and the newest keys, because
who has no key among those was erased since.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      child: { type: 'boolean', default: false },
      returned: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (positionals.length !== (values.returned ? 0 : 1) || (values.child && values.returned))
    throw new UsageError('which device, or --returned?');
  const say = speaker(context, values.json);
  const device = values.returned ? null : uuidOf(positionals[0], 'a device');
  const { store, masters, erasing, act } = await openDesk(context);
  const about = device === null ? undefined : aboutPerson(masters, device);
  await act(values.child ? 'child' : 'erase', values.reason, announceOnly, about);
  if (device !== null && values.child) {
    if (!(await markChild(erasing, device))) throw new Error('there is no such device');
    say({ device, marked: 'child' }, 'Marked; nothing is shared any more, and all of it goes within the hour.\n');
    return 0;
  }
  const devices = device === null ? await findReturned(store.pool, erasing.markerKey) : [device];
  let begun = 0;
  for (const one of devices) {
    const person = await findLeaving(store.pool, masters, one);
    if (person !== null && (await beginErasure(erasing, person, 'operator', context.random(16).toString('base64url'))))
      begun++;
  }
  if (device !== null && begun === 0) throw new Error('there is no such device, or its erasure has begun');
  const done = await advanceErasures(erasing, context.signal);
  await compactKeys(store.pool, context.now() - 60_000);
  say({ begun, done }, `Erased ${done}${done < begun ? `; ${begun - done} wait for the end of a legal hold` : ''}.\n`);
  return 0;
}
