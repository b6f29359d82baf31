// Real Valkeys (or Redises: the same commands): the one at TEST_VALKEY_URL, and ones of a test's own that can be killed.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Valkey } from 'iovalkey';
import { connectValkey } from '../../src/process/valkey.ts';
import { afterFile } from './store.ts';

/** Of a server that tests may write to; undefined: such tests are skipped. */
export const TEST_VALKEY_URL = process.env.TEST_VALKEY_URL;
/** What runs a server of a test's own; undefined: such tests are skipped. */
export const VALKEY_BIN = ['valkey-server', 'redis-server'].find((name) => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
const START_MS = 20_000;
const LOOK_MS = 50;

/** A client as the gateway has it, closed after the test file. */
export async function testClient(url: string): Promise<Valkey> {
  const valkey = await connectValkey(url);
  afterFile(() => valkey.disconnect());
  return valkey;
}

/** Resolves when the client can send. */
export async function untilReady(valkey: Valkey): Promise<void> {
  if (valkey.status !== 'ready') await once(valkey, 'ready');
}

/** Resolves when it answers, after however many failures. */
export async function untilAnswered(valkey: Valkey): Promise<void> {
  while ((await valkey.ping().catch(() => '')) === '') await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type PrivateValkey = {
  readonly url: string;
  /** Starts it (again), empty; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it by kill -9. */
  kill(): Promise<void>;
  /** Stops it in its tracks: connections stay, nothing is answered until `wake`. */
  freeze(): void;
  wake(): void;
};

/** A server that is not started yet, keeps nothing over a restart and is killed after the test file. */
export async function createPrivateValkey(): Promise<PrivateValkey> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  afterFile(kill);
  return {
    url: `valkey://127.0.0.1:${port}`,
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    wake: () => void child?.kill('SIGCONT'),
    async start() {
      const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no' };
      const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
      child = spawn(VALKEY_BIN!, args, { stdio: 'ignore' });
      const probe = new Valkey(port, '127.0.0.1', { retryStrategy: () => LOOK_MS, maxRetriesPerRequest: null });
      probe.on('error', () => {});
      await Promise.race([probe.ping(), once(child, 'exit', { signal: AbortSignal.timeout(START_MS) })]);
      probe.disconnect();
    },
  };
}
