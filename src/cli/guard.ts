// Stands between a command and the store (S5). Promises: deny by default: what a command may do without a personal key is said in
// one table (honeyguide.ts), and every other command gets no store before whoever runs it has shown a key, a role and a
// reason, and the ledger says so. As long as there is no staff nothing of it is asked: the first admin, a demo and a machine in CI
// have nobody to ask. Arguments that make no sense are refused before anything is written.
import { rolesFor, type StaffAction } from '../rights/staff.ts';
import type { About } from '../rights/staff-store.ts';
import type { Store } from '../storage/open.ts';
import { type CommandContext, UsageError } from './context.ts';
import { announceIfStaffed } from './desk.ts';

/** The context of a command whose every use is this action, and its arguments without `--reason TEXT`. */
export function guard(
  context: CommandContext,
  action: StaffAction,
  args: readonly string[],
): { context: CommandContext; args: string[] } {
  const { reason, rest } = takeReason(args);
  let opening: Promise<Store> | undefined;
  async function open(about: About | undefined): Promise<Store> {
    await announceIfStaffed(context, action, reason, about);
    return await context.openStore();
  }
  const { input, output, messages } = context;
  return {
    args: rest,
    context: {
      ...{ input, output, messages },
      get config() {
        return context.config;
      },
      get signal() {
        return context.signal;
      },
      openStore(about) {
        opening ??= open(about);
        return opening;
      },
      now: () => context.now(),
      storeMs: (pool) => context.storeMs(pool),
      random: (bytes) => context.random(bytes),
    },
  };
}

/** What --help says of it. */
export function guardNote(action: StaffAction): string {
  return `
From the first of the staff on (\`honeyguide staff\`) all of it needs STAFF_KEY with the role ${rolesFor(action).join(' or ')}, and
--reason TEXT (8 to 200 characters), which names nobody, also by no id, and goes into the audit chain.
`;
}

/** `--reason TEXT` and `--reason=TEXT`, as parseArgs of node:util reads them; the last one counts. */
function takeReason(args: readonly string[]): { reason: string | undefined; rest: string[] } {
  let reason: string | undefined;
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [name, ...text] = args[i].split('=');
    if (name !== '--reason') rest.push(args[i]);
    else if (text.length > 0) reason = text.join('=');
    else {
      reason = args[++i];
      if (reason === undefined || reason.startsWith('-')) throw new UsageError('--reason says why');
    }
  }
  return { reason, rest };
}
