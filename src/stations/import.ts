// Imports stations from a stream: CSV or NDJSON, gzip or not, recognised by their first bytes. Promises: memory stays bounded
// by two batches; each batch is one short transaction that also notes how far it came, so an interrupted import of a file
// resumes where it stopped and one of a stream may be run again; areas follow their cells at the end.
// Does not open files or print: src/cli/import.ts does.

import type { Pool, PoolClient } from 'pg';
import type { MacCipher } from '../privacy/mac-cipher.ts';
import type { Store } from '../storage/open.ts';
import { type DerivedAreas, deriveAreas } from './areas.ts';
import { clearBatch, createBatch, type StationBatch } from './columns.ts';
import { createCsvReader } from './csv.ts';
import { type BarredAmong, dropBarred } from './drop-barred-store.ts';
import { inflated, lineBlocks } from './lines.ts';
import { createNdjsonReader } from './ndjson.ts';
import type { RejectReason } from './station.ts';
import { BEGIN_BATCH, createStationWriter } from './store.ts';
import { countReject, createTally, type RowReader, type Tally } from './tally.ts';

/** Rows in one transaction at most: the change feed promises its readers no more. */
const BATCH_ROWS = 10_000;
/** The embedded store has one session, so everybody waits for a transaction: about 100 ms at this size. */
const EMBEDDED_BATCH_ROWS = 2_500;
const OPENING_BRACE = 123;

export type ImportOptions = {
  nowMs: number;
  /** Encrypts the addresses of access points and beacons. */
  macs: MacCipher;
  /** Names the source so that an interrupted import of it resumes (see import_progress); absent = it starts anew. */
  resumeKey?: string;
  /** When it aborts, the batch in flight is finished and the import resolves with `interrupted`. */
  signal?: AbortSignal;
  /** Which addresses must not come back; absent, none. */
  barredAmong?: BarredAmong;
  /** Told after each batch; `rows` counts this run's. */
  onProgress?: (rows: number) => void;
  /** Rows a transaction, for tests that need many. */
  batchRows?: number;
};

export type ImportSummary = {
  /** Lines that should hold a station: upserted + unchanged + rejected. */
  rows: number;
  upserted: number;
  /** Known already, older than what is known, or said twice. */
  unchanged: number;
  rejected: Partial<Record<RejectReason, number>>;
  /** Line numbers of the first rejects of each reason. */
  examples: Partial<Record<RejectReason, number[]>>;
  /** Lines skipped because an earlier run had done with them. */
  resumedAfterLine: number;
  interrupted: boolean;
  areas: DerivedAreas;
};

type Progress = { bytesDone: number; linesDone: number };

/** Reads the stream to its end and stores what it says. Rejects if the stream or the store fails; what was stored stays. */
export async function importStations(
  store: Pick<Store, 'kind' | 'pool'>,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportSummary> {
  const rows = await importRows(store, source, options);
  const areas = await withClient(store.pool, (client) => deriveAreas(client, options.signal));
  return { ...rows, areas };
}

/** As importStations, but leaves the areas to whoever derives them next: the bench, which compares with COPY. */
export async function importRows(
  store: Pick<Store, 'kind' | 'pool'>,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<Omit<ImportSummary, 'areas'>> {
  const batchRows = options.batchRows ?? (store.kind === 'embedded' ? EMBEDDED_BATCH_ROWS : BATCH_ROWS);
  return withClient(store.pool, async (client) => {
    const done = await readProgress(client, options.resumeKey);
    const tally = createTally();
    const writing = createBatchWriting(client, options);
    // Also when the source fails: the connection goes back when the batch in flight is done with it.
    const interrupted = await readAll(source, done, tally, writing, { ...options, batchRows }).finally(writing.settled);
    await writing.finished();
    if (!interrupted) await forgetProgress(client, options.resumeKey);
    const rejected = Object.values(tally.rejected).reduce((sum, count) => sum + count, 0);
    return {
      rows: tally.rows,
      upserted: writing.upserted(),
      unchanged: tally.rows - rejected - writing.upserted(),
      rejected: tally.rejected,
      examples: tally.examples,
      resumedAfterLine: done.linesDone,
      interrupted,
    };
  });
}

async function withClient<T>(pool: Pool, use: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await use(client);
  } finally {
    client.release();
  }
}

type BatchWriting = ReturnType<typeof createBatchWriting>;

/** One batch is written while the next one is read. */
function createBatchWriting(client: PoolClient, { macs, resumeKey, barredAmong }: ImportOptions) {
  const writer = createStationWriter(macs);
  let upserted = 0;
  let pending: Promise<void> = Promise.resolve();

  async function write(batch: StationBatch, progress: Progress): Promise<void> {
    try {
      await client.query(BEGIN_BATCH);
      if (barredAmong !== undefined) await dropBarred(client, batch, barredAmong);
      const written = await writer.write(client, batch);
      await noteProgress(client, resumeKey, progress);
      await client.query('commit');
      upserted += written;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      throw error;
    }
  }

  return {
    upserted: () => upserted,
    finished: () => pending,
    settled: () => pending.catch(() => {}),
    /** Resolves when the batch before this one is stored; `batch` must stay as it is until the next call resolves. */
    async start(batch: StationBatch, progress: Progress): Promise<void> {
      await pending;
      pending = write(batch, progress);
      // Awaited by the next call or finished(); until then it must not count as unhandled.
      pending.catch(() => {});
    },
  };
}

const LINE_FEED = 0x0a;
/** Blank lines and a byte order mark (EF BB BF) say nothing of what follows. */
const BLANK = new Set([0x20, 0x09, 0x0d, LINE_FEED, 0xef, 0xbb, 0xbf]);

/** Returns true if the signal stopped it before the end. */
async function readAll(
  source: AsyncIterable<Uint8Array>,
  done: Progress,
  tally: Tally,
  writing: BatchWriting,
  options: ImportOptions & { batchRows: number },
): Promise<boolean> {
  const { nowMs, signal, onProgress, batchRows } = options;
  let batch = createBatch(batchRows);
  let spare = createBatch(batchRows);
  let reader: RowReader | undefined;

  async function flush(bytesDone: number): Promise<void> {
    await writing.start(batch, { bytesDone, linesDone: tally.line });
    [batch, spare] = [spare, batch];
    clearBatch(batch);
    onProgress?.(tally.rows);
  }

  let end = 0;
  try {
    for await (const { bytes, start, overlong } of lineBlocks(inflated(source))) {
      let at = 0;
      end = start + bytes.length;
      if (reader === undefined && !overlong) {
        const first = bytes.find((byte) => !BLANK.has(byte));
        if (first === undefined) {
          tally.line += bytes.filter((byte) => byte === LINE_FEED).length;
          continue;
        }
        reader = first === OPENING_BRACE ? createNdjsonReader(nowMs) : createCsvReader(nowMs);
        at = reader.begin(bytes, tally);
      }
      if (start < done.bytesDone) {
        // Bytes of an earlier run: whole blocks of them, and the beginning of the block in which it stopped.
        tally.line = done.linesDone;
        if (overlong || end <= done.bytesDone) continue;
        at = done.bytesDone - start;
      }
      if (overlong) countOverlong(tally);
      while (at < bytes.length) {
        at = reader!.read(bytes, at, batch, tally);
        if (batch.count === batchRows) await flush(start + Math.min(at, bytes.length));
      }
      if (signal?.aborted) break;
    }
  } catch (error) {
    // A source that is cut off because of the signal has only ended.
    if (!signal?.aborted) throw error;
  }
  if (batch.count > 0) await flush(end);
  return signal?.aborted ?? false;
}

function countOverlong(tally: Tally): void {
  tally.line++;
  tally.rows++;
  countReject(tally, 'lineTooLong');
}

async function readProgress(client: PoolClient, key: string | undefined): Promise<Progress> {
  const { rows } = await client.query('select bytes_done, lines_done from import_progress where source = $1', [
    key ?? null,
  ]);
  return { bytesDone: Number(rows[0]?.bytes_done ?? 0), linesDone: Number(rows[0]?.lines_done ?? 0) };
}

async function noteProgress(client: PoolClient, key: string | undefined, progress: Progress): Promise<void> {
  if (key === undefined) return;
  await client.query(
    `insert into import_progress (source, bytes_done, lines_done) values ($1, $2, $3)
     on conflict (source) do update set bytes_done = excluded.bytes_done, lines_done = excluded.lines_done`,
    [key, progress.bytesDone, progress.linesDone],
  );
}

async function forgetProgress(client: PoolClient, key: string | undefined): Promise<void> {
  if (key !== undefined) await client.query('delete from import_progress where source = $1', [key]);
}
