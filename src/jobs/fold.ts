// Works the inbox into the map. Promises: a batch of rows, what it changes in stations and that it is done are one
// transaction: a crash changes nothing or everything, and a row is folded once; one folder at a time, in any process; memory
// and the time others wait are bounded by the batch; barred stations stay out; what answers would have been off by is noted
// before the map learns better (held-back.ts). Areas follow their cells elsewhere.
import type { Pool, PoolClient } from 'pg';
import { distanceM } from '../geo/distance.ts';
import { floorToHour } from '../observations/admit.ts';
import { dayOf } from '../observations/contributor.ts';
import { type Gathered, gather } from '../observations/gather.ts';
import type { PayloadSeal } from '../observations/sealed-payload.ts';
import { RAW_TTL_MS } from '../observations/store.ts';
import { loadErrorRecord, saveErrorRecord } from '../positioning/error-store.ts';
import type { MacCipher } from '../privacy/mac-cipher.ts';
import { isPart } from '../radio/cell-parts.ts';
import { barredAmong } from '../rights/store.ts';
import { deriveAreas, findNews } from '../stations/areas.ts';
import { foldStation } from '../stations/fold.ts';
import {
  type Identity,
  type KnownStation,
  loadStations,
  publishStations,
  saveLearning,
} from '../stations/fold-store.ts';
import { nameOf } from '../stations/known-reader.ts';
import type { HeardKind, Sighting, StationKind } from '../stations/sighting.ts';
import type { Evidence } from '../stations/station.ts';
import { BEGIN_BATCH } from '../stations/store.ts';
import { LEARNING_LOCK } from '../storage/locks.ts';
import type { Store } from '../storage/open.ts';
import { transactAgain } from '../storage/transaction.ts';
import { examineHeldBack, type HeldRow } from './held-back.ts';
import { type Pace, type Pacing, startPacing } from './pace.ts';

/** Rows and bytes of payload in one transaction. On the embedded store everybody else waits for it. */
const BATCH = {
  postgres: { rows: 2_000, bytes: 512 * 1024 },
  embedded: { rows: 250, bytes: 64 * 1024 },
} as const;

export type FoldDeps = {
  readonly store: Store;
  /** Encrypts addresses. */
  readonly macs: MacCipher;
  /** Decrypts reports. */
  readonly payloads: PayloadSeal;
  readonly now: () => number;
  /** The addresses among `macs` that are barred. */
  readonly barredAmong: (client: PoolClient, macs: readonly number[]) => Promise<ReadonlySet<number>>;
  /** Told of a station that the fold could not work on, whose evidence of this batch is lost, or of a report that could not be asked: the rest goes on. */
  readonly onError: (error: unknown) => void;
};

/** What a run did. `rows` counts reports, `published` writes of rows that answers are made of. */
export type FoldSummary = {
  rows: number;
  observations: number;
  stations: number;
  published: number;
  unreadable: number;
};

export type FoldOptions = {
  /** Stops after the batch in flight. */
  signal?: AbortSignal;
  onBatch?: (soFar: FoldSummary) => void;
  /** How fast beside serving; default: as fast as it can. */
  pace?: Pace;
  /** Waits for another process that folds, instead of leaving it to it. */
  wait?: boolean;
  /** Areas after which foldFor leaves the rest to the next run. Default: it does all. */
  enoughAreas?: number;
};

/** Folds until the inbox is empty. Resolves with what was done, also when another process is folding: then nothing. */
export async function foldInbox(deps: FoldDeps, options: FoldOptions = {}): Promise<FoldSummary> {
  const sum: FoldSummary = { rows: 0, observations: 0, stations: 0, published: 0, unreadable: 0 };
  const pacing = await startPacing(deps.store, options.pace);
  while (options.signal?.aborted !== true) {
    const beganMs = performance.now();
    const done = await foldBatch(deps, options.wait === true, pacing);
    if (done === null) break;
    for (const name of Object.keys(sum) as (keyof FoldSummary)[]) sum[name] += done[name];
    options.onBatch?.({ ...sum });
    const { rows, observations } = done;
    await pacing.rest({ tookMs: performance.now() - beganMs, rows, observations });
  }
  return sum;
}

/** True if reports wait, or areas for what became of their cells. */
export async function isAnythingToFold(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query('select exists (select from inbox where folded_at is null) as waiting');
  return rows[0].waiting || (await findNews(pool)) !== null;
}

/** What a fold needs in a real process. */
export function createFoldDeps(
  store: Store,
  atRest: Pick<FoldDeps, 'macs' | 'payloads'>,
  barredKey: Uint8Array,
  onError: (error: unknown) => void,
): FoldDeps {
  const { macs, payloads } = atRest;
  const barred: FoldDeps['barredAmong'] = (client, among) => barredAmong(client, among, barredKey);
  return { store, macs, payloads, now: Date.now, barredAmong: barred, onError };
}

/** Folds for at most about `forMs`, then brings areas of changed cells up to date, also of those that others changed. */
export async function foldFor(forMs: number, deps: FoldDeps, options: FoldOptions = {}): Promise<FoldSummary> {
  const over = AbortSignal.timeout(forMs);
  const signal = options.signal === undefined ? over : AbortSignal.any([over, options.signal]);
  const sum = await foldInbox(deps, { ...options, signal });
  if (options.signal?.aborted === true) return sum;
  const client = await deps.store.pool.connect();
  let broken: Error | undefined;
  try {
    await deriveAreas(client, options.signal, options.enoughAreas);
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
  return sum;
}

/**
 * A commit that a power cut undoes is folded again: no need to wait for the disk. Stations are looked up by key, also in a table whose
 * size is known and nothing else, as after a vacuum without an analyze: all of it, kept aside and gone through for each station, is
 * ten times slower.
 */
const BEGIN_FOLD = `${BEGIN_BATCH}; set local enable_material = off`;

/** One transaction; null if there is nothing to fold or somebody else folds. */
function foldBatch(deps: FoldDeps, wait: boolean, pacing: Pacing): Promise<FoldSummary | null> {
  const lock = wait ? 'pg_advisory_xact_lock' : 'pg_try_advisory_xact_lock';
  return transactAgain(
    deps.store.pool,
    async (client) => {
      const { rows } = await client.query(`select ${lock}(${LEARNING_LOCK}) as mine`);
      return rows[0].mine !== false ? await foldClaimed(pacing.speaker(client), deps, pacing) : null;
    },
    BEGIN_FOLD,
  );
}

async function foldClaimed(client: PoolClient, deps: FoldDeps, pacing: Pacing): Promise<FoldSummary | null> {
  const nowMs = deps.now();
  const bounds = BATCH[deps.store.kind];
  const mine = { ...bounds, rows: Math.min(bounds.rows, pacing.rows) };
  const claimed = await claimRows(client, deps.payloads, mine, nowMs);
  if (claimed.length === 0) return null;
  const dayKeyOf = await readDayKeys(client, deps.payloads, claimed);
  const gathered = gather(claimed, dayKeyOf);
  const macs = [...gathered.wifi.keys(), ...gathered.bluetooth.keys()];
  const barred = await deps.barredAmong(client, macs);
  const { observations, unreadable } = gathered;
  const sum = { rows: claimed.length, observations, stations: 0, published: 0, unreadable };
  const asked = new Map<string, KnownStation>();
  // In the order in which imports lock them.
  for (const kind of ['cell', 'wifi', 'bluetooth'] as const) {
    const all = heardOf(kind, gathered, barred);
    for (let at = 0; at < all.length; at += pacing.stations) {
      const { known, published } = await foldSome(client, deps, kind, all.slice(at, at + pacing.stations), nowMs);
      for (const before of known) asked.set(nameOf(before), before);
      sum.stations += known.length;
      sum.published += published;
    }
  }
  const errors = await loadErrorRecord(client);
  if (examineHeldBack(claimed, asked, dayKeyOf, errors, nowMs, deps.onError)) await saveErrorRecord(client, errors);
  // What was learnt from is not kept; its digest is, for the week in which it may come again.
  await client.query(
    `update inbox set folded_at = $2, contributor = null, payload = '' where folded_at is null and id = any($1)`,
    // To the hour, like the arrival, which it follows within minutes.
    [claimed.map(({ id }) => id), floorToHour(nowMs)],
  );
  return sum;
}

/** Folds what was heard of some stations of a kind: as they were known before, and how many of them answers change for. */
async function foldSome(
  client: PoolClient,
  { macs, onError }: FoldDeps,
  kind: StationKind,
  heard: readonly Heard[],
  nowMs: number,
): Promise<{ known: readonly KnownStation[]; published: number }> {
  const identities = heard.map(({ identity }) => identity);
  const known = await loadStations(client, macs, kind, identities);
  const folded = known.map((before, i) => foldOne(kind, before, heard[i].sightings, nowMs, onError));
  const learnt = folded.filter((after) => after !== null);
  const published = folded.filter((after, i) => after !== null && isWorthPublishing(known[i], after)) as typeof learnt;
  for (const { station } of published) station.publishedAt = station.believed.modifiedAt;
  await saveLearning(client, macs, kind, learnt);
  await publishStations(client, macs, kind, published);
  return { known, published: published.length };
}

type NumberedRow = HeldRow & { id: string };

/** What is read of a row that does not open: no report. */
const UNREADABLE = Buffer.alloc(0);

/** The oldest rows that nobody folded, up to the batch's bounds; at least one if there is any. */
async function claimRows(
  client: PoolClient,
  payloads: PayloadSeal,
  bounds: { rows: number; bytes: number },
  nowMs: number,
): Promise<NumberedRow[]> {
  const { rows } = await client.query(
    `select id, contributor::float8 as contributor, trusted, received_at::float8 as received_at,
       uuid_send(digest) as digest, payload
     from (select *, sum(length(payload)) over (order by id) - length(payload) as before
           from (select * from inbox where folded_at is null and received_at >= $1 order by id limit $2) oldest) counted
     where before < $3 order by id`,
    [nowMs - RAW_TTL_MS, bounds.rows, bounds.bytes],
  );
  return rows.map(({ id, contributor, trusted, received_at, digest, payload }) => {
    const envelope = { contributor, trusted, receivedAtMs: received_at };
    return { id, digest, ...envelope, payload: payloads.open(envelope, digest, payload) ?? UNREADABLE };
  });
}

async function readDayKeys(
  client: PoolClient,
  payloads: PayloadSeal,
  rows: readonly HeldRow[],
): Promise<(day: number) => Uint8Array | undefined> {
  const days = [...new Set(rows.map(({ receivedAtMs }) => dayOf(receivedAtMs)))];
  const found = await client.query('select day, key from contributor_keys where day = any($1)', [days]);
  const keys = new Map<number, Uint8Array>(found.rows.map(({ day, key }) => [day, payloads.dayKey(key)]));
  return (day) => keys.get(day);
}

type Heard = { identity: Identity; sightings: Sighting[] };

/** Stations of one kind in the order of their keys, so that transactions meet them in the same order. */
function heardOf(kind: StationKind, gathered: Gathered, barred: ReadonlySet<number>): Heard[] {
  if (kind === 'cell') {
    return [...gathered.cells.values()].sort(
      ({ identity: a }, { identity: b }) =>
        a.radio - b.radio || a.mcc - b.mcc || a.mnc - b.mnc || a.area - b.area || a.cellId - b.cellId,
    );
  }
  return [...gathered[kind]]
    .filter(([mac]) => !barred.has(mac))
    .sort(([a], [b]) => a - b)
    .map(([mac, sightings]) => ({ identity: { type: kind, mac }, sightings }));
}

function foldOne(
  kind: StationKind,
  before: KnownStation,
  sightings: readonly Sighting[],
  nowMs: number,
  onError: (error: unknown) => void,
): KnownStation | null {
  try {
    // Its row stays: a gateway of a newer version may know how to read it.
    if (before.damaged) throw new Error('what was learnt of a station cannot be read');
    return { ...before, station: foldStation(heardKind(kind, before.identity), before.station, sightings, nowMs) };
  } catch (error) {
    onError(error);
    return null;
  }
}

/** Metres and shares below which a row is not rewritten: readers would not notice, the change feed would. */
const LEAST_MOVE_M = 0.5;
const LEAST_SHARE = 0.05;
const LEAST_LOUDER_DB = 3;

/** True if answers would differ for it: the learning state has the rest. */
function isWorthPublishing(before: KnownStation, after: KnownStation): boolean {
  const [was, is] = [before.station.believed, after.station.believed];
  if (!before.published) return is.lat !== null || is.blockedAt !== null;
  if ((was.lat === null) !== (is.lat === null) || was.blockedAt !== is.blockedAt || was.blockCount !== is.blockCount)
    return true;
  if (was.source !== is.source || dayOf(was.lastSeenAt ?? 0) !== dayOf(is.lastSeenAt ?? 0)) return true;
  if (is.lat === null || is.lon === null || was.lat === null || was.lon === null) return false;
  return (
    distanceM(was.lat, was.lon, is.lat, is.lon) > LEAST_MOVE_M ||
    Math.abs(after.station.whereabouts.loudestDbm - before.station.whereabouts.loudestDbm) >= LEAST_LOUDER_DB ||
    hasGrown(was, is, 'radiusM') ||
    hasGrown(was, is, 'samples')
  );
}

function hasGrown(was: Evidence, is: Evidence, field: 'radiusM' | 'samples'): boolean {
  return Math.abs((is[field] ?? 0) - (was[field] ?? 0)) > LEAST_SHARE * (was[field] ?? 0);
}

/** Parts are stored with the cells, but reach less far. */
function heardKind(kind: StationKind, identity: Identity): HeardKind {
  return identity.type === 'cell' && isPart(identity.radio) ? 'part' : kind;
}
