// `honeyguide complaints`: what people complain of, and the answers.
import { randomUUID } from 'node:crypto';
import { isComplaint, listComplaints, moveComplaint, readComplaint } from '../rights/complaints-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { announceOnly, given, openDesk, readCase, uuidOf } from './desk.ts';
import { speaker } from './speaker.ts';
import { dayOf, formatTable } from './table.ts';

export const usage = `usage: honeyguide complaints list --reason TEXT [--json]
       honeyguide complaints show ID --reason TEXT [--json]
       honeyguide complaints answer ID --reason TEXT --say TEXT [--json]
       honeyguide complaints close ID --reason TEXT [--json]

Needs STAFF_KEY with the role \`privacy\`. Who complained reads the answer by the ticket, and may say that it does not satisfy:
then it takes another one. close: 30 days after the last answer, if nothing was said to it.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { verb, id, values } = readCase(args);
  const say = speaker(context, values.json);
  const { store, masters, act } = await openDesk(context);
  const { pool } = store;
  if (verb === 'list') {
    await act('complaints', values.reason, announceOnly);
    const all = await listComplaints(pool);
    say(
      all,
      formatTable(
        ['ID', 'STATE', 'WHERE', 'DUE'],
        all.map((one) => [one.id, one.state, one.jurisdiction ?? '', dayOf(one.dueAt)]),
      ),
    );
    return 0;
  }
  if (verb !== 'show' && verb !== 'answer' && verb !== 'close') throw new UsageError('list, show, answer or close?');
  const which = uuidOf(id, 'a complaint');
  const answer = verb === 'answer' ? given(values.say, '--say') : null;
  await act('complaints', values.reason, announceOnly, async (client) => ({
    object: (await isComplaint(client, which)) ? `${verb} ${which}` : null,
  }));
  const deps = { pool, masters, random: context.random, newId: randomUUID };
  if (verb !== 'show') {
    const state = verb === 'answer' ? 'answered' : 'closed';
    if (!(await moveComplaint(deps, which, state, answer, context.now())))
      throw new Error(
        'there is no such complaint, or that cannot follow on what it is: an answer comes first, and who complained has 30 days to say that it does not satisfy',
      );
    say({ id: which, state }, `It is ${state}.\n`);
    return 0;
  }
  const found = await readComplaint(deps, which);
  if (found === null) throw new Error('there is no such complaint');
  say(
    found,
    `${found.state}\n\n${found.text}\n\n${found.replyTo ?? '(answer by ticket)'}\n${found.answers.map((one) => `\n> ${one}\n`).join('')}`,
  );
  return 0;
}
