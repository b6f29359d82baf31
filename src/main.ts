// The process: config, signals, exit. `serve` runs the gateway until it is told to stop; the order of things is
// process/gateway.ts. The only file with process.exit: after a stop that took too long, or one that was asked for twice.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeFailure } from './cli/failure.ts';
import { type Config, loadConfig } from './config/env.ts';
import { describeError } from './http/bug-log.ts';
import { useCodeCache } from './process/code-cache.ts';
import { tuneHeap } from './process/heap-flags.ts';
import { createLog } from './process/log.ts';
import { namedFileProblems } from './process/named-files.ts';
import { onStopSignals } from './process/stop-signals.ts';

type ServeOptions = {
  /** Fill an empty map with the fixture world, whatever the store, and print how to ask. */
  readonly demo?: boolean;
};

/** All of a stop. Supervisors usually kill after 10 s. */
const STOP_MS = 9_500;
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Runs the gateway until SIGTERM, SIGINT or SIGHUP (its terminal was closed); resolves once all is closed. Rejects if it cannot start. */
export async function serve(config: Config, options: ServeOptions = {}): Promise<void> {
  tuneHeap();
  const log = createLog(config.logLevel, 'main');
  // Node would print all that an error carries, and a driver's carries what was asked for.
  process.once('uncaughtException', (error) => {
    log.fatal(describeError(error), 'uncaught');
    process.exit(1);
  });
  // Node's default for it opens a debugger to everybody on the machine, who then reads every secret (attack: a log rotation's signal).
  process.on('SIGUSR1', () => log.warn('SIGUSR1 does nothing here'));
  // Its default ends a process at once.
  process.on('SIGUSR2', () => log.warn('SIGUSR2 does nothing here'));
  const stop = new AbortController();
  const giveUp = () => {
    log.fatal('not stopped in time');
    process.exit(1);
  };
  const asked = new Promise<string>((resolve) => {
    onStopSignals(STOP_SIGNALS, resolve, giveUp);
  });
  // Also while the start is not done: the deadline counts from the signal, and whoever asks twice does not want to wait.
  asked.then((signal) => {
    log.info({ signal }, 'stopping');
    stop.abort();
    setTimeout(giveUp, STOP_MS).unref();
  });
  // Whoever reads our output may stop before its end, as `head` does; the log goes on without a reader as well.
  process.stdout.on('error', () => {});
  const say = (text: string) => void process.stdout.write(text);
  useCodeCache(join(config.dataDir, 'code-cache'));
  try {
    const { openGateway } = await import('./process/gateway.ts');
    const gateway = await openGateway(config, { demo: options.demo === true, say, signal: stop.signal }, log);
    await asked;
    await gateway.close();
  } catch (error) {
    // A start that was told to stop has closed what it had opened: as good an end as any.
    if (error !== stop.signal.reason || !stop.signal.aborted) throw error;
  }
  log.info('stopped');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { demo: { type: 'boolean', default: false } } });
    await serve(loadConfig(undefined, namedFileProblems), values);
  } catch (error) {
    process.stderr.write(`honeyguide: ${describeFailure(error)}\n`);
    process.exitCode = 1;
  }
}
