// Under which tags a device is counted just now. Promises: a tag for every window that is not counted yet, found as the counts make it
// (sharing/counts/tag.ts); once a window is counted its salt is gone, and nobody can say any more whose a tag was.
import type { ClientBase, Pool } from 'pg';
import { tagKeyOf, tagOf } from '../sharing/counts/tag.ts';

/** The window's number, and the tag in hex. */
export type VisitTag = readonly [window: number, tag: string];

/** `secret`: what the tags are made with outside the database. */
export async function visitTags(db: Pool | ClientBase, device: string, secret: Uint8Array): Promise<VisitTag[]> {
  const { rows } = await db.query<{ window: number; salt: Buffer }>(
    'select window_no as "window", salt from visit_salts order by window_no',
  );
  return rows.map(({ window, salt }) => [window, tagOf(tagKeyOf(secret, salt), device).toString('hex')]);
}
