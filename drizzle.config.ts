// For people, not for the server: `npx drizzle-kit generate` writes the next migration after a change of tables.ts.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/storage/tables.ts',
  out: './schema/migrations',
});
