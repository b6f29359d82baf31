// Everything that is held about somebody, as its reader has it: the pieces of JSON joined and parsed.
import type { Pool } from 'pg';
import type { Person } from '../../src/rights/challenges-store.ts';
import { heldJson } from '../../src/rights/held-json.ts';
import { type HeldAbout, type HeldOptions, readHeldPages } from '../../src/rights/held-store.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever came back, to be looked at
type Held = Record<string, HeldAbout & { readonly rows: Record<string, any>[] }>;

export async function readHeld(
  pool: Pool,
  person: Person,
  nowMs: number,
  options: Omit<HeldOptions, 'tagsOf'> & Partial<Pick<HeldOptions, 'tagsOf'>>,
): Promise<Held> {
  return JSON.parse(await joined(heldJson(readHeldPages(pool, person, nowMs, { tagsOf: async () => [], ...options }))));
}

async function joined(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}
