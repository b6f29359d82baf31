// The thread that runs the embedded PGlite: opens it, migrates it, lets clients in, closes it when told.
// Promises: nobody can connect before the tables are there, and a first start that was cut off half-way, by a kill or for want
// of power, leaves nothing that the next one would take for a store. A failure of PGlite itself ends the thread with that error.

import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { durableFiles, requireReadable, syncFolder, syncPath } from './embedded-files.ts';
import { openGate } from './embedded-gate.ts';
import { migrateEmbedded } from './migrate.ts';

const { folder, socketPath } = workerData as { folder: string; socketPath: string };

const files = join(folder, 'pgdata');
if (!existsSync(files)) {
  const unfinished = `${files}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  await (await PGlite.create(unfinished)).close();
  await syncFolder(unfinished);
  renameSync(unfinished, files);
  await syncPath(folder);
}

requireReadable(files);
const db = await PGlite.create(durableFiles(files));
await migrateEmbedded(db);
rmSync(socketPath, { force: true });
const gate = await openGate(db, socketPath, (error) => {
  // Thrown outside of any promise, so that it ends the thread and reaches the one that started it.
  setImmediate(() => {
    throw error;
  });
});

parentPort!.once('message', async () => {
  await gate.close();
  await db.close();
  parentPort!.postMessage('closed');
});
parentPort!.postMessage('ready');
