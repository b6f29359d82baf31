// Column types that the files of tables share.
import { bigint, customType } from 'drizzle-orm/pg-core';

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
/** A 64-bit transaction number; text in JavaScript, compared by PostgreSQL only. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });
/** Epoch milliseconds. */
export const timeMs = (name: string) => bigint(name, { mode: 'number' });
