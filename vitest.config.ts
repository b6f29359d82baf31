import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { testFilesWithStore } from './test/support/store-files.ts';

const onPostgres = process.env.DB === 'postgres';

// Most of what a test process does is compile the same code anew: test processes, and those that they start, share what is compiled.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('node_modules/.cache/honeyguide-test/compiled', import.meta.url),
);

// One suite, two stores: DB=embedded (default, PGlite) or DB=postgres (TEST_DATABASE_URL names the server), where what has no
// store in it is left out: it cannot tell one from the other.
export default defineConfig({
  test: {
    include: onPostgres ? testFilesWithStore() : ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    // A PGlite that lives for seconds is not worth V8's optimizing compiler: without it opening one takes half the CPU time.
    execArgv: onPostgres ? [] : ['--liftoff-only'],
    // Two processes for all files: to start one and to import the app takes longer than what most files test.
    isolate: false,
    setupFiles: ['test/support/after-each-file.ts'],
    globalSetup: ['test/support/global-setup.ts'],
  },
});
