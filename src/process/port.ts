// Server threads share their port through SO_REUSEPORT, which would also let a second gateway share it without a word and
// take half of the requests. So the port is tried alone first.
import { createServer } from 'node:net';

/** What names the operators' address. */
export const OPS_SETTINGS = 'OPS_HOST and OPS_PORT';

/** Rejects with a sentence for people if something listens there already. Port 0 is always free. */
export async function requireFreePort(host: string, port: number, settings = 'HOST and PORT'): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'something listens there already' : `cannot listen there (${code})`;
    throw new Error(`${settings}: ${why}`);
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }
}
