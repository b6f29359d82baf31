// Complaints (R7): anybody may complain, with or without a device, and gets a ticket that nobody can guess. Promises: what is
// said lies sealed under a key of its own, which goes with the complaint; the ticket is kept as a hash; staff sees what it must
// answer and by when, and can't end what somebody is not satisfied with, nor before they had time to say so.
import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { DEVICE_KEY_BYTES, type Random, wrapDeviceKey } from '../devices/device-key.ts';
import { type MasterKeys, openDeviceKey } from '../devices/master-keys.ts';
import { openJson, sealJson } from '../devices/profile.ts';
import { transact } from '../storage/transaction.ts';
import { DAY_MS } from '../time/spans.ts';
import { inTimeSql } from './registry.ts';
import { addMonths } from './request.ts';

export const COMPLAINT_STATES = ['received', 'answered', 'dissatisfied', 'closed'] as const;
export type ComplaintState = (typeof COMPLAINT_STATES)[number];
/** Which state may follow which, and by whom. */
const NEXT: Readonly<Record<ComplaintState, readonly ComplaintState[]>> = {
  received: ['answered'],
  answered: ['dissatisfied', 'closed'],
  // Nothing but another answer (attack: who is not satisfied is closed without one).
  dissatisfied: ['answered'],
  closed: [],
};
/** How long after an answer its person may say that it does not satisfy, before staff can close. */
const OBJECT_MS = 30 * DAY_MS;

type ComplaintText = {
  readonly text: string;
  readonly replyTo: string | null;
  readonly answers: readonly string[];
};
export type Complaint = {
  readonly id: string;
  readonly state: ComplaintState;
  readonly jurisdiction: string | null;
  readonly receivedAt: number;
  readonly dueAt: number;
  readonly endedAt: number | null;
};
type ComplaintDeps = {
  readonly pool: Pool;
  readonly masters: MasterKeys;
  readonly random: Random;
  readonly newId: () => string;
};

const COLUMNS = `c.id, c.state, c.jurisdiction, c.received_at::float8 as "receivedAt", c.due_at::float8 as "dueAt",
  c.ended_at::float8 as "endedAt"`;
const labelOf = (id: string) => `complaints.sealed ${id}`;
const hashTicket = (ticket: string) => createHash('sha256').update(ticket).digest();

/** Writes a complaint down; the ticket is shown once. */
export async function fileComplaint(
  { pool, masters, random, newId }: ComplaintDeps,
  said: { readonly text: string; readonly replyTo: string | null; readonly jurisdiction: string | null },
  nowMs: number,
): Promise<{ ticket: string; complaint: Complaint }> {
  const id = newId();
  const ticket = random(16).toString('base64url');
  const key = random(DEVICE_KEY_BYTES);
  const complaint = {
    id,
    state: 'received' as const,
    jurisdiction: said.jurisdiction,
    receivedAt: nowMs,
    dueAt: addMonths(nowMs, 1),
    endedAt: null,
  };
  const text: ComplaintText = { text: said.text, replyTo: said.replyTo, answers: [] };
  await transact(pool, async (client) => {
    await client.query('insert into device_keys (device, master_key, wrapped) values ($1, $2, $3)', [
      id,
      masters.current.name,
      wrapDeviceKey(masters.current, id, key, random),
    ]);
    await client.query(
      `insert into complaints (id, ticket_hash, state, jurisdiction, received_at, due_at, sealed)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        id,
        hashTicket(ticket),
        complaint.state,
        said.jurisdiction,
        nowMs,
        complaint.dueAt,
        sealJson(key, labelOf(id), text, random),
      ],
    );
  });
  return { ticket, complaint };
}

/** A complaint by its ticket, with its answers; null if there is none (any more). */
export async function findComplaint(
  { pool, masters }: Pick<ComplaintDeps, 'pool' | 'masters'>,
  ticket: string,
  nowMs: number,
): Promise<(Complaint & { readonly answers: readonly string[] }) | null> {
  const id = await complaintOfTicket(pool, ticket, nowMs);
  const found = id === null ? null : await readComplaint({ pool, masters }, id);
  if (found === null) return null;
  const { text: _text, replyTo: _replyTo, ...shown } = found;
  return shown;
}

/** Everything of a complaint; for staff. */
export async function readComplaint(
  { pool, masters }: { readonly pool: Pool | ClientBase; readonly masters: MasterKeys },
  id: string,
): Promise<(Complaint & ComplaintText) | null> {
  const { rows } = await pool.query(
    `select ${COLUMNS}, c.sealed, k.device, k.master_key, k.wrapped from complaints c join device_keys k on k.device = c.id
     where c.id = $1`,
    [id],
  );
  if (rows.length === 0) return null;
  const { sealed, device, master_key, wrapped, ...complaint } = rows[0];
  const key = openDeviceKey(masters, { device, master_key, wrapped });
  if (key === null) throw new Error('a complaint does not open');
  return { ...complaint, ...openJson<ComplaintText>(key, labelOf(id), sealed) };
}

/** Moves a complaint on, with an answer where there is one. False if that can't follow on what it is, or not yet. */
export async function moveComplaint(
  { pool, masters, random }: ComplaintDeps,
  id: string,
  state: ComplaintState,
  answer: string | null,
  nowMs: number,
): Promise<boolean> {
  return await transact(pool, async (client) => {
    const { rows } = await client.query('select id from complaints where id = $1 for update', [id]);
    const before = rows.length === 0 ? null : await readComplaint({ pool: client, masters }, id);
    if (before === null || !mayFollow(before, state, nowMs)) return false;
    const key = await client.query('select device, master_key, wrapped from device_keys where device = $1', [id]);
    const text: ComplaintText = {
      text: before.text,
      replyTo: before.replyTo,
      answers: answer === null ? before.answers : [...before.answers, answer],
    };
    // Whoever is not satisfied gets another month; what is closed begins to be forgotten.
    const dueAt = state === 'dissatisfied' ? addMonths(nowMs, 1) : before.dueAt;
    await client.query('update complaints set state = $2, due_at = $3, ended_at = $4, sealed = $5 where id = $1', [
      id,
      state,
      dueAt,
      state === 'answered' || state === 'closed' ? nowMs : null,
      sealJson(openDeviceKey(masters, key.rows[0])!, labelOf(id), text, random),
    ]);
    return true;
  });
}

function mayFollow({ state, endedAt }: Complaint, next: ComplaintState, nowMs: number): boolean {
  // Answered, it ended with the answer, for now.
  if (next === 'closed' && nowMs < (endedAt ?? nowMs) + OBJECT_MS) return false;
  return NEXT[state].includes(next);
}

/** The id behind a ticket; null if there is none, or its time is over. */
export async function complaintOfTicket(db: Pool, ticket: string, nowMs: number): Promise<string | null> {
  const { rows } = await db.query(
    `select id from complaints t where ticket_hash = $1 and ${inTimeSql('complaints', '$2')}`,
    [hashTicket(ticket), nowMs],
  );
  return rows[0]?.id ?? null;
}

export async function isComplaint(db: Pool | ClientBase, id: string): Promise<boolean> {
  return (await db.query('select from complaints where id = $1', [id])).rows.length > 0;
}

/** Complaints that wait for an answer, by due date: nothing of what they say. */
export async function listComplaints(db: Pool): Promise<Complaint[]> {
  const { rows } = await db.query(
    `select ${COLUMNS} from complaints c where c.state in ('received', 'dissatisfied') order by c.due_at, c.id`,
  );
  return rows;
}
