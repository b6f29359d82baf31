// Requests of data subjects in the store. Promises: a change of state is one the state machine (request.ts) allows, and of two
// at once one wins; what was asked and why it was refused lie sealed under the device's key; staff can say where a request
// stands without opening it.
import type { ClientBase, Pool } from 'pg';
import { type Random, unseal } from '../devices/device-key.ts';
import { type MasterKeys, openDeviceKey } from '../devices/master-keys.ts';
import { sealJson } from '../devices/profile.ts';
import type { Person } from './challenges-store.ts';
import { inTimeSql } from './registry.ts';
import { advanceRequest, type RequestEvent, type RequestKind, type RightsRequest, receiveRequest } from './request.ts';

/** As stored; `asked` is what the person said. */
export type StoredRequest = RightsRequest & { readonly id: string; readonly asked: unknown };

type Detail = { asked: unknown; reason: string | null; extension: string | null };
type Row = Omit<RightsRequest, 'reason' | 'extension'> & { readonly id: string; readonly sealed: Buffer };

const COLUMNS = `id, kind, state, received_at::float8 as "receivedAt", due_at::float8 as "dueAt",
  extended_at::float8 as "extendedAt", ended_at::float8 as "endedAt", sealed`;
const inTime = (now: string) => inTimeSql('rights_requests', now);
const labelOf = (person: Person) => `rights_requests.sealed ${person.device}`;

/** Writes down a request and what happens to it at once. Throws if the events cannot happen in this order. */
export async function addRequest(
  client: ClientBase | Pool,
  person: Person,
  id: string,
  kind: RequestKind,
  asked: unknown,
  events: readonly RequestEvent[],
  nowMs: number,
  random: Random,
): Promise<StoredRequest> {
  let request: RightsRequest | null = receiveRequest(kind, nowMs);
  for (const event of events) request = request && advanceRequest(request, event, nowMs);
  if (request === null) throw new Error('a request can not begin with these events');
  const { state, receivedAt, dueAt, extendedAt, endedAt, reason, extension } = request;
  const sealed = sealJson(person.key, labelOf(person), { asked, reason, extension } satisfies Detail, random);
  await client.query(
    `insert into rights_requests (id, device, kind, state, received_at, due_at, extended_at, ended_at, sealed)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, person.device, kind, state, receivedAt, dueAt, extendedAt, endedAt, sealed],
  );
  return { ...request, id, asked };
}

/** The request after the event; null if there is none of that id, or the event cannot happen to it. `asked` replaces what was. */
export async function changeRequest(
  client: ClientBase | Pool,
  person: Person,
  id: string,
  event: RequestEvent,
  nowMs: number,
  random: Random,
  asked?: unknown,
): Promise<StoredRequest | null> {
  const before = await findRequest(client, person, id, nowMs);
  const after = before && advanceRequest(before, event, nowMs);
  if (before === null || after === null) return null;
  const said = asked ?? before.asked;
  const { state, dueAt, extendedAt, endedAt, reason, extension } = after;
  const { rowCount } = await client.query(
    `update rights_requests set state = $3, due_at = $4, extended_at = $5, ended_at = $6, sealed = $7
     where id = $1 and state = $2 and extended_at is not distinct from $8`,
    [
      id,
      before.state,
      state,
      dueAt,
      extendedAt,
      endedAt,
      sealJson(person.key, labelOf(person), { asked: said, reason, extension } satisfies Detail, random),
      before.extendedAt,
    ],
  );
  return rowCount === 1 ? { ...after, id, asked: said } : null;
}

/** Null if there is none of that id, or its time is over. */
export async function findRequest(
  db: ClientBase | Pool,
  person: Person,
  id: string,
  nowMs: number,
): Promise<StoredRequest | null> {
  const { rows } = await db.query(
    `select ${COLUMNS} from rights_requests t where id = $1 and device = $2 and ${inTime('$3')}`,
    [id, person.device, nowMs],
  );
  return rows.length === 0 ? null : opened(person, rows[0]);
}

/** The device's requests whose time is not over, newest first. */
export async function listRequests(db: ClientBase | Pool, person: Person, nowMs: number): Promise<StoredRequest[]> {
  const { rows } = await db.query(
    `select ${COLUMNS} from rights_requests t where device = $1 and ${inTime('$2')}
     order by received_at desc, id limit 200`,
    [person.device, nowMs],
  );
  return rows.map((row) => opened(person, row));
}

type OpenRequest = { id: string; kind: string; state: string; receivedAt: number; dueAt: number };

/** What staff has to see to, by due date; nothing of it is personal but that it exists. */
export async function listOpenRequests(db: Pool): Promise<OpenRequest[]> {
  const { rows } = await db.query(
    `select id, kind, state, received_at::float8 as "receivedAt", due_at::float8 as "dueAt" from rights_requests
     where state not in ('done', 'refused') order by due_at, id`,
  );
  return rows;
}

/** Requests whose proof never came end when they are due. Returns how many. */
export async function refuseUnproven(db: Pool, masters: MasterKeys, random: Random, nowMs: number): Promise<number> {
  const { rows } = await db.query(
    `select r.id, k.device, k.master_key, k.wrapped from rights_requests r join device_keys k on k.device = r.device
     where r.state = 'identity' and r.due_at <= $1`,
    [nowMs],
  );
  let refused = 0;
  for (const row of rows) {
    const key = openDeviceKey(masters, row);
    const event = { kind: 'refuse', reason: 'identity was not proven in time' } as const;
    if (key !== null && (await changeRequest(db, { device: row.device, key }, row.id, event, nowMs, random))) refused++;
  }
  return refused;
}

/** Whose request it is; null if there is none. */
export async function deviceOfRequest(db: Pool | ClientBase, id: string): Promise<string | null> {
  const { rows } = await db.query('select device from rights_requests where id = $1', [id]);
  return rows[0]?.device ?? null;
}

function opened(person: Person, { sealed, ...row }: Row): StoredRequest {
  const plain = unseal(person.key, labelOf(person), sealed);
  if (plain === null) throw new Error('a request does not open');
  const { asked, reason, extension } = JSON.parse(plain.toString()) as Detail;
  return { ...row, reason, extension, asked };
}
