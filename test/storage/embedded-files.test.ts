// A power cut, played: of what the store writes, a copy of its folder gets only what was forced to disk, file by file, when it
// was. The copy is then what a machine finds that lost its power.
import fs, { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join, relative } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { describe, expect, inject, test, vi } from 'vitest';
import { durableFiles, syncFolder } from '../../src/storage/embedded-files.ts';
import { ON_POSTGRES, openTestStore, testFolder } from '../support/store.ts';

/** Copies each file of `folder` to `disk` when it is forced to disk; returns what ends that. */
function copyWhatIsForced(folder: string, disk: string): () => void {
  const { openSync, fdatasyncSync, fsyncSync } = fs;
  const paths = new Map<number, string>();
  const copyAfter = (sync: (descriptor: number) => void) => (descriptor: number) => {
    sync(descriptor);
    const path = paths.get(descriptor)!;
    if (fs.statSync(path).isFile()) copyFileSync(path, join(disk, relative(folder, path)));
  };
  const replace = (replacements: Partial<typeof fs>): void => {
    Object.assign(fs, replacements);
    syncBuiltinESMExports();
  };
  replace({
    openSync: (path, ...rest) => {
      const descriptor = openSync(path, ...rest);
      paths.set(descriptor, String(path));
      return descriptor;
    },
    fdatasyncSync: copyAfter(fdatasyncSync),
    fsyncSync: copyAfter(fsyncSync),
  });
  return () => replace({ openSync, fdatasyncSync, fsyncSync });
}

const macs = async (db: PGlite) =>
  (await db.query<{ mac: number }>('select mac::int from wifi_stations order by mac')).rows.map(({ mac }) => mac);

describe.skipIf(ON_POSTGRES)('the files of the embedded store', () => {
  test('hold what was committed when the power goes, and not what was allowed to be lost', async () => {
    const [folder, disk] = [testFolder(), testFolder()];
    for (const copy of [folder, disk]) cpSync(inject('embeddedTemplate'), copy, { recursive: true });
    const cutPower = copyWhatIsForced(folder, disk);
    const db = await PGlite.create(durableFiles(folder));
    try {
      await db.query('insert into wifi_stations (mac) values (1)');
      await db.query('checkpoint');
      await db.query('insert into wifi_stations (mac) values (2)');
      await db.exec('begin; set local synchronous_commit = off; insert into wifi_stations (mac) values (3); commit');
      expect(await macs(db)).toEqual([1, 2, 3]);
    } finally {
      cutPower();
    }
    await db.close();
    const after = await PGlite.create(durableFiles(disk));
    expect(await macs(after)).toEqual([1, 2]);
    await after.close();
  });

  test('end a commit that the disk refuses: it is not acknowledged', async () => {
    const folder = testFolder();
    cpSync(inject('embeddedTemplate'), folder, { recursive: true });
    const db = await PGlite.create(durableFiles(folder));
    const { fdatasyncSync } = fs;
    fs.fdatasyncSync = () => {
      throw Object.assign(new Error('no'), { code: 'EIO' });
    };
    syncBuiltinESMExports();
    try {
      await expect(db.query('insert into wifi_stations (mac) values (1)')).rejects.toThrow();
    } finally {
      fs.fdatasyncSync = fdatasyncSync;
      syncBuiltinESMExports();
    }
  });

  test('are served by a store that waits for the disk', async () => {
    const store = await openTestStore();
    const { rows } = await store.pool.query(
      `select current_setting('fsync') as fsync, current_setting('wal_sync_method') as method`,
    );
    expect(rows).toEqual([{ fsync: 'on', method: 'fsync' }]);
  });

  test('are all forced to disk before a new store counts as one', async () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    for (const path of ['x', 'a/y', 'a/b/z']) writeFileSync(join(folder, path), path);
    const any = await open(folder);
    const sync = vi.spyOn(Object.getPrototypeOf(any), 'sync');
    await syncFolder(folder);
    await any.close();
    expect(sync).toHaveBeenCalledTimes(6);
    sync.mockRestore();
  });
});
