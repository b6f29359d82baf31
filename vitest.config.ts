import { defineConfig } from 'vitest/config';

// One suite, two stores: DB=embedded (default, PGlite) or DB=postgres (TEST_DATABASE_URL names the server).
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/support/global-setup.ts'],
  },
});
