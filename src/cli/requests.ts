// `honeyguide requests`: what people asked for and staff has to decide, by due date; and an export for somebody who can't.
import type { ClientBase } from 'pg';
import { ledgerSubject, type Random } from '../devices/device-key.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import { lockDevice } from '../devices/store.ts';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import type { Person } from '../rights/challenges-store.ts';
import { findPerson } from '../rights/erase-store.ts';
import { finishOf } from '../rights/finish.ts';
import { heldJson } from '../rights/held-json.ts';
import { readHeldPages } from '../rights/held-store.ts';
import { forgetPosition } from '../rights/me-store.ts';
import { notifyRecipients } from '../rights/notices-store.ts';
import { advanceRequest, type RequestEvent } from '../rights/request.ts';
import {
  changeRequest,
  deviceOfRequest,
  findRequest,
  listOpenRequests,
  type StoredRequest,
} from '../rights/requests-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { aboutPerson, announceOnly, given, openDesk, readCase, uuidOf } from './desk.ts';
import { plain, speaker } from './speaker.ts';
import { dayOf, formatTable } from './table.ts';
import { writePieces } from './write-pieces.ts';

export const usage = `usage: honeyguide requests list --reason TEXT [--json]
       honeyguide requests show|start|finish ID --reason TEXT [--json]
       honeyguide requests refuse|extend ID --reason TEXT --say TEXT [--json]
       honeyguide requests export DEVICE --reason TEXT [--json]

Needs STAFF_KEY with the role \`privacy\`. --reason goes into the audit chain and names nobody; --say is what the person is told.
start: identity was proven otherwise. finish is for corrections, and tells whoever was shown the wrong data: what a phone or another
command has to do (\`erase\`, \`parental correct-age\`) is to be done first, and a position goes with it. extend: two more months,
once, before the due date.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { verb, id, values } = readCase(args);
  const say = speaker(context, values.json);
  const { store, masters, act, tagsOf } = await openDesk(context);
  const { pool } = store;
  const nowMs = context.now();
  if (verb === 'list') {
    await act('rights', values.reason, announceOnly);
    const all = await listOpenRequests(pool);
    const rows = all.map((one) => [one.id, one.kind, one.state, dayOf(one.dueAt), one.dueAt < nowMs ? 'OVERDUE' : '']);
    say(all, formatTable(['ID', 'KIND', 'STATE', 'DUE', ''], rows));
    return 0;
  }
  if (verb === 'export') {
    const device = uuidOf(id, 'a device');
    await act('export', values.reason, announceOnly, aboutPerson(masters, device));
    const person = await findPerson(pool, masters, device);
    if (person === null) throw new Error('there is no such device');
    const copy = heldJson(readHeldPages(pool, person, nowMs, { forPerson: true, tagsOf }));
    await writePieces(plainPieces(copy), context.output);
    return 0;
  }
  const event = eventOf(verb, values.say);
  const which = uuidOf(id, 'a request');
  const changed = await act(
    'rights',
    values.reason,
    async (client, chain) => {
      const device = await deviceOfRequest(client, which);
      const person = device === null ? null : await findPerson(client, masters, device);
      if (person === null) return null;
      if (event === null) {
        const found = await findRequest(client, person, which, nowMs);
        return found && { ...found, device };
      }
      return await moveOn(client, chain, { masters, random: context.random, nowMs }, person, which, event);
    },
    aboutPerson(masters, (client) => deviceOfRequest(client, which)),
  );
  if (changed === null) throw new Error('there is no such request, or that cannot happen to it any more');
  if (typeof changed === 'string') throw new Error(changed);
  const whole = 'device' in changed ? `of ${changed.device}\n${JSON.stringify(changed.asked)}\n` : '';
  say(changed, `${changed.kind}: ${changed.state}, due ${dayOf(changed.dueAt)}\n${whole}`);
  return 0;
}

type Tools = { readonly masters: MasterKeys; readonly random: Random; readonly nowMs: number };

/** The request after the event, with what it means done; a sentence if staff may not say that it is done; null if it can't happen. */
async function moveOn(
  client: ClientBase,
  chain: Chain,
  { masters, random, nowMs }: Tools,
  person: Person,
  id: string,
  event: RequestEvent,
): Promise<StoredRequest | string | null> {
  const before = await findRequest(client, person, id, nowMs);
  const isOver = before === null || advanceRequest(before, event, nowMs) === null;
  if (isOver) return null;
  const device = event.kind === 'finish' ? await lockDevice(client, masters, person.device) : null;
  const finish = device && finishOf(before.kind, before.asked, device.profile);
  if (finish !== null && 'refused' in finish) return finish.refused;
  const after = await changeRequest(client, person, id, event, nowMs, random);
  if (after === null) return null;
  const subject = ledgerSubject(person.key);
  chain.append({ at: nowMs, kind: KIND.rights, subject, detail: `${after.kind} ${after.state}` });
  if (finish?.does === 'forgets') await forgetPosition(client, chain, person, nowMs);
  if (finish?.does === 'tells') await notifyRecipients(client, chain, person, 'rectified', nowMs);
  return after;
}

function eventOf(verb: string | undefined, text: string | undefined): RequestEvent | null {
  if (verb === 'show') return null;
  if (verb === 'start' || verb === 'finish') return { kind: verb };
  if (verb === 'refuse' || verb === 'extend') return { kind: verb, reason: given(text, '--say') };
  throw new UsageError('list, show, start, finish, refuse, extend or export?');
}

async function* plainPieces(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const piece of pieces) yield plain(piece);
  yield '\n';
}
