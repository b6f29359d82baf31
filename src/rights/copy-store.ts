// A person's copy of everything that is held, as it lies in the store: pages in order, and everybody who was shown something or may
// be by a grant, gathered from them while they pass. Promises: one page is in memory. What the copy looks like is held-json.ts.
import type { Pool } from 'pg';
import type { Person } from './challenges-store.ts';
import { type HeldPage, readHeldPages, type TagsOf } from './held-store.ts';

/** Whom to turn to. */
export type RecipientName = {
  readonly application: string;
  readonly name: string;
  readonly partner: string;
  readonly role: string;
  readonly policyUrl: string | null;
  readonly contact: string | null;
  readonly controller: string | null;
};

/** `recipients` are those in the pages that were read so far. */
export function readCopy(pool: Pool, person: Person, nowMs: number, tagsOf: TagsOf) {
  const applications = new Set<string>();
  async function* pages(): AsyncGenerator<HeldPage> {
    for await (const page of readHeldPages(pool, person, nowMs, { forPerson: true, tagsOf })) {
      if (page.table === 'ledger' || page.table === 'grants') noteApplications(page, applications);
      yield page;
    }
  }
  return { pages: pages(), recipients: () => namesOf(pool, [...applications]) };
}

function noteApplications({ rows }: HeldPage, into: Set<string>): void {
  for (const { application } of rows) if (typeof application === 'string') into.add(application);
}

async function namesOf(db: Pool, applications: readonly string[]): Promise<RecipientName[]> {
  const { rows } = await db.query(
    `select a.id as application, a.name, p.name as partner, p.role, p.policy_url as "policyUrl", p.contact, p.controller
     from applications a join partners p on p.id = a.partner where a.id = any($1) order by a.id`,
    [applications],
  );
  return rows;
}
