// What is held, as JSON that is written while it is read. Promises: pure; the pieces joined are one document, with every row on a
// line of its own; a piece is 64 kB and a page at most, so that nobody has to hold the whole.
import type { HeldPage } from './held-store.ts';

/** What a socket takes at once: shorter texts wait for the next ones. A copy that is no longer is a single piece. */
const PIECE_CHARS = 65_536;

/** The members of `first`, then `held`, a member for each table, then the members of what `last` gives once all was read. */
export function exportJson(
  first: object,
  pages: AsyncIterable<HeldPage>,
  last: () => Promise<object> = async () => ({}),
): AsyncGenerator<string> {
  return inPieces(documentOf(first, pages, last));
}

/** `held` alone. */
export function heldJson(pages: AsyncIterable<HeldPage>): AsyncGenerator<string> {
  return inPieces(tablesOf(pages));
}

async function* documentOf(
  first: object,
  pages: AsyncIterable<HeldPage>,
  last: () => Promise<object>,
): AsyncGenerator<string> {
  const before = membersOf(first).map((one) => `${one},\n`);
  yield `{${before.join('')}"held":`;
  yield* tablesOf(pages);
  const after = membersOf(await last()).map((one) => `,\n${one}`);
  yield `${after.join('')}}\n`;
}

async function* tablesOf(pages: AsyncIterable<HeldPage>): AsyncGenerator<string> {
  let open: string | null = null;
  let rowsWritten = 0;
  yield '{';
  for await (const { table, about, rows } of pages) {
    if (table !== open) {
      const told = membersOf(about).join(',');
      yield `${open === null ? '' : ']},'}\n${JSON.stringify(table)}:{${told},"rows":[`;
      open = table;
      rowsWritten = 0;
    }
    for (const row of rows) yield `${rowsWritten++ === 0 ? '' : ','}\n${JSON.stringify(row)}`;
  }
  yield open === null ? '}' : ']}}';
}

const membersOf = (object: object): string[] =>
  Object.entries(object).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);

async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const text of texts) {
    piece += text;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
