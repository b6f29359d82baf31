// The error record in the store: read and written by whoever folds, in the fold's transaction; read by every gateway for its
// corrections. Promises: a record that can't be read counts as none, so that a newer version's or a damaged one costs the
// corrections and nothing else. Opens no transaction.
import type { ClientBase, Pool } from 'pg';
import { type Corrections, createCorrections } from './calibration.ts';
import { decodeErrorRecord, encodeErrorRecord } from './error-bytes.ts';
import { createErrorRecord, type ErrorRecord } from './error-record.ts';

export async function loadErrorRecord(db: ClientBase | Pool): Promise<ErrorRecord> {
  const { rows } = await db.query<{ state: Buffer }>('select state from calibration');
  if (rows.length === 0) return createErrorRecord();
  try {
    return decodeErrorRecord(rows[0].state);
  } catch {
    return createErrorRecord();
  }
}

export async function saveErrorRecord(client: ClientBase, record: ErrorRecord): Promise<void> {
  await client.query(
    'insert into calibration (state) values ($1) on conflict ("only") do update set state = excluded.state',
    [encodeErrorRecord(record)],
  );
}

/** Copies the store's corrections into memory that threads read. */
export async function loadCorrections(db: Pool, into: Corrections): Promise<void> {
  const { corrections } = await loadErrorRecord(db);
  const none = createCorrections();
  into.set(corrections.every((factor) => Number.isFinite(factor) && factor > 0) ? corrections : none);
}
