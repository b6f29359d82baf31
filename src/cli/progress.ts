// How far a long command is: a bar with rate and rest time on a terminal, a plain line every few seconds anywhere else.
// Promises: writes only to the stream it is given; says nothing of what is processed but how much.

import type { Writable } from 'node:stream';
import { Presets, SingleBar } from 'cli-progress';

/** Seconds between plain lines. */
const LINE_EVERY_MS = 5_000;

export type Progress = {
  /** Bytes of input done, in all. */
  bytes(done: number): void;
  /** Rows done, in all. */
  rows(done: number): void;
  stop(): void;
};

/** `totalBytes` = 0 when nobody knows how much will come: then there is no bar. */
export function showProgress(to: Writable, totalBytes: number, now: () => number): Progress {
  const onTerminal = (to as Partial<NodeJS.WriteStream>).isTTY === true;
  return onTerminal && totalBytes > 0 ? bar(to, totalBytes, now) : lines(to, totalBytes, now);
}

function bar(to: Writable, totalBytes: number, now: () => number): Progress {
  const startedAt = now();
  const single = new SingleBar(
    {
      stream: to as NodeJS.WriteStream,
      format: '{bar} {percentage} % | {rows} rows | {rate} rows/s | {eta_formatted} left',
      etaBuffer: 100,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  single.start(totalBytes, 0, { rows: 0, rate: 0 });
  return {
    bytes: (done) => single.update(Math.min(done, totalBytes)),
    rows: (done) => single.update({ rows: done, rate: perSecond(done, now() - startedAt) }),
    stop: () => single.stop(),
  };
}

function lines(to: Writable, totalBytes: number, now: () => number): Progress {
  const startedAt = now();
  let toldAt = startedAt;
  let bytesDone = 0;
  return {
    bytes(done) {
      bytesDone = done;
    },
    rows(done) {
      if (now() - toldAt < LINE_EVERY_MS) return;
      toldAt = now();
      const elapsedMs = toldAt - startedAt;
      const share = totalBytes > 0 ? Math.min(bytesDone / totalBytes, 1) : 0;
      const rest = share > 0 ? `, ${Math.round(elapsedMs / share / 1000 - elapsedMs / 1000)} s left` : '';
      const percent = totalBytes > 0 ? `${Math.round(share * 100)} %, ` : '';
      to.write(`${percent}${done} rows, ${perSecond(done, elapsedMs)} rows/s${rest}\n`);
    },
    stop() {},
  };
}

function perSecond(count: number, elapsedMs: number): number {
  return Math.round((count * 1000) / Math.max(elapsedMs, 1));
}
