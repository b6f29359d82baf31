// Rows for people, in columns as wide as their widest value.

/** The rows under their headings, two spaces between columns, one line each. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i].length)));
  return [headings, ...rows]
    .map(
      (row) =>
        `${row
          .map((value, i) => value.padEnd(widths[i]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** The UTC day of epoch milliseconds: 2026-11-22. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
