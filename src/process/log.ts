// The log: one JSON line an event, written at once, so that a crash loses none. Promises: only what is passed in
// deliberately; nothing that came with a request is ever passed in, errors go through `describeError`.
import { type Logger, pino } from 'pino';

export function createLog(level: string, thread: string): Logger {
  return pino({ level, base: { thread } }, pino.destination({ fd: 1, sync: true }));
}
