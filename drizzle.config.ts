// For people, not for the server: `npx drizzle-kit generate` writes the next migration after a change of a file of tables.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/storage/tables*.ts',
  out: './schema/migrations',
});
