// How much room there is where the store writes: DATA_DIR for the embedded one; for a PostgreSQL on this machine its data directory, if
// it tells which that is. Promises: Infinity where nobody can tell; never a reason to fail.
import { statfs } from 'node:fs/promises';
import type { Pool } from 'pg';
import { isOnThisMachine } from '../config/settings.ts';
import type { StoreAddress } from '../storage/pool.ts';

export function createDiskOf(
  pool: Pool,
  { store, dataDir }: { readonly store: StoreAddress; readonly dataDir: string },
): { freeBytes(): Promise<number> } {
  let path: string | null | undefined =
    store.kind === 'embedded' ? dataDir : isOnThisMachine(store.url) ? undefined : null;
  return {
    async freeBytes() {
      try {
        // Told to superusers and to whom pg_read_all_settings was granted; nothing else is asked again.
        path ??= path === null ? null : await dataDirectoryOf(pool);
        if (path === null) return Number.POSITIVE_INFINITY;
        const { bavail, bsize } = await statfs(path);
        return bavail * bsize;
      } catch {
        return Number.POSITIVE_INFINITY;
      }
    },
  };
}

async function dataDirectoryOf(pool: Pool): Promise<string | null> {
  const { rows } = await pool.query("select setting from pg_settings where name = 'data_directory'");
  return rows[0]?.setting ?? null;
}
