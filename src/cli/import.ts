// `honeyguide import`: stations from files or stdin into the store. A running server answers from them within a second.

import { createHash } from 'node:crypto';
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { parseArgs } from 'node:util';
import { loadSecrets } from '../config/secrets.ts';
import { openAtRest } from '../process/at-rest.ts';
import { barredAmong } from '../rights/store.ts';
import { type ImportSummary, importStations } from '../stations/import.ts';
import { CR_ALONE } from '../stations/lines.ts';
import { type CommandContext, UsageError } from './context.ts';
import { type Progress, showProgress } from './progress.ts';

export const usage = `usage: honeyguide import FILE... [--json]

Reads stations: the cell CSV of OpenCelliD and Mozilla (with or without its header), or station NDJSON; plain or gzip.
FILE - is standard input. Newer evidence wins, so a file may be imported again. Ctrl-C stops after the rows in hand;
the same command then goes on from there (from standard input: from its beginning). Fails if none of its lines was a station; an
empty file is what an empty map exports, and is none.
`;

/** Exit code of a command ended by SIGINT: 128 + 2. */
const INTERRUPTED = 130;

type Source = { name: string; path: string; sizeBytes: number; resumeKey?: string };

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  if (positionals.length === 0) throw new UsageError('which file?');
  const sources = positionals.map(sourceOf);
  const startedAt = context.now();
  // From here on, also while the store opens, Ctrl-C is ours to answer.
  const { signal } = context;
  const store = await context.openStore();
  const { barredKey, stationKey } = loadSecrets(context.config, context.random);
  const { macs } = await openAtRest(store.pool, stationKey);
  const knowsSize = sources.every(({ path }) => path !== '-');
  const totalBytes = knowsSize ? sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : 0;
  const progress = showProgress(context.messages, totalBytes, context.now);
  const summaries: ImportSummary[] = [];
  let bytesBefore = 0;
  let rowsBefore = 0;
  try {
    for (const source of sources) {
      let taken = 0;
      const summary = await importStations(store, readSource(source, context, progress, bytesBefore), {
        nowMs: context.now(),
        resumeKey: source.resumeKey,
        signal,
        macs,
        barredAmong: (client, among) => barredAmong(client, among, barredKey),
        onProgress(rows) {
          taken = rows;
          progress.rows(rowsBefore + rows);
        },
      }).catch((error: unknown) => {
        throw isDamage(error) ? new Error(`${source.name}: ${damageOf(error)}; ${takenOf(taken)}`) : error;
      });
      summaries.push(summary);
      bytesBefore += source.sizeBytes;
      rowsBefore += summary.rows;
      if (summary.interrupted) break;
    }
  } finally {
    progress.stop();
  }
  const total = { ...addUp(sources, summaries), seconds: (context.now() - startedAt) / 1000 };
  context.output.write(values.json ? `${JSON.stringify(total)}\n` : describe(total));
  if (total.interrupted) return INTERRUPTED;
  // Not a line of it was a station: that was another file than was meant.
  return total.rows > 0 && rejectsOf(total) === total.rows ? 1 : 0;
}

/** A file that is cut, or no gzip after all, or has no lines: where what fails doesn't know which file it is. */
function isDamage(error: unknown): error is Error {
  const code = String((error as { code?: unknown }).code);
  return error instanceof Error && (code.startsWith('Z_') || code === CR_ALONE);
}

/** What is wrong with it, in words for who does not know zlib's. */
function damageOf(error: Error & { code?: string }): string {
  if (error.code === CR_ALONE) return error.message;
  return error.code === 'Z_BUF_ERROR'
    ? 'its end is missing: the gzip in it stops half-way'
    : `it is damaged: not all of it is gzip (${error.message})`;
}

/** Whole batches only, so that what was read last before the damage is not in it; what an earlier run took is not counted again. */
function takenOf(rows: number): string {
  return rows === 0 ? 'no row was taken this time' : `${rows} rows before that were taken this time, and stay`;
}

function sourceOf(path: string): Source {
  if (path === '-') return { name: '-', path, sizeBytes: 0 };
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new Error(`there is no file ${path}`);
  if (stat.isDirectory()) throw new Error(`${path} is a folder`);
  // Pipes and the like can't be read twice.
  if (!stat.isFile()) return { name: basename(path), path, sizeBytes: 0 };
  const identity = `${realpathSync(path)}\n${stat.size}\n${stat.mtimeMs}`;
  const resumeKey = createHash('sha256').update(identity).digest('hex');
  return { name: basename(path), path, sizeBytes: stat.size, resumeKey };
}

async function* readSource(
  source: Source,
  context: CommandContext,
  progress: Progress,
  bytesBefore: number,
): AsyncGenerator<Uint8Array> {
  // A file comes at once and is left at the next batch; only standard input may be silent for ever.
  const stream =
    source.path === '-'
      ? addAbortSignal(context.signal, context.input)
      : createReadStream(source.path, { highWaterMark: 262_144 });
  let bytes = bytesBefore;
  for await (const chunk of stream) {
    bytes += chunk.length;
    progress.bytes(bytes);
    yield chunk;
  }
}

/** What several imports did together. Examples are `file:line`. */
type Total = Omit<ImportSummary, 'examples' | 'resumedAfterLine'> & {
  examples: Record<string, string[]>;
  /** Lines of earlier runs that were skipped. */
  resumedLines: number;
  seconds: number;
};

function addUp(sources: Source[], summaries: ImportSummary[]): Omit<Total, 'seconds'> {
  const rejected: Record<string, number> = {};
  const examples: Record<string, string[]> = {};
  const sum = (of: (summary: ImportSummary) => number) => summaries.reduce((total, summary) => total + of(summary), 0);
  summaries.forEach((summary, i) => {
    for (const [reason, count] of Object.entries(summary.rejected)) rejected[reason] = (rejected[reason] ?? 0) + count;
    for (const [reason, lines] of Object.entries(summary.examples)) {
      examples[reason] = [...(examples[reason] ?? []), ...lines.map((line) => `${sources[i].name}:${line}`)].slice(
        0,
        3,
      );
    }
  });
  return {
    rows: sum((summary) => summary.rows),
    upserted: sum((summary) => summary.upserted),
    unchanged: sum((summary) => summary.unchanged),
    rejected,
    examples,
    resumedLines: sum((summary) => summary.resumedAfterLine),
    interrupted: summaries.some((summary) => summary.interrupted),
    areas: {
      areas: sum((summary) => summary.areas.areas),
      outlierCells: sum((summary) => summary.areas.outlierCells),
    },
  };
}

function rejectsOf({ rejected }: Total): number {
  return Object.values(rejected).reduce((sum, count) => sum + (count ?? 0), 0);
}

function describe(total: Total): string {
  const rejects = rejectsOf(total);
  const lines = [
    `${total.rows} rows in ${total.seconds.toFixed(1)} s: ${total.upserted} stored, ${total.unchanged} nothing new, ${rejects} rejected`,
  ];
  for (const [reason, count] of Object.entries(total.rejected)) {
    lines.push(`  ${reason}: ${count} (${total.examples[reason].join(', ')})`);
  }
  if (total.resumedLines > 0) lines.push(`${total.resumedLines} lines were done in an earlier run`);
  if (total.areas.areas > 0) {
    lines.push(`${total.areas.areas} areas derived, ${total.areas.outlierCells} cells far outside of theirs`);
  }
  if (total.interrupted) lines.push('interrupted: run the same command again to go on from here');
  return `${lines.join('\n')}\n`;
}
