// The order in which a batch goes to the store: by identity, each identity once. Promises: sorted as the primary key is
// (neighbours share index pages, concurrent writers lock in one order), and of rows that name the same station the newer
// evidence stays, as the store itself would decide if they came one by one. Pure but for merging into the winner's row.

import type { ColumnName, StationColumns } from './columns.ts';

/** Row numbers of `columns`, sorted by the `keys` columns, one for each identity. */
export function orderForStore(columns: StationColumns, keys: readonly ColumnName[]): number[] {
  const order = Array.from({ length: columns.count }, (_, i) => i);
  const keyColumns = keys.map((key) => columns[key]);
  const compare = (a: number, b: number): number => {
    for (const column of keyColumns) {
      const difference = column[a] - column[b];
      if (difference !== 0) return difference;
    }
    return 0;
  };
  // Stable, so that rows of one station stay in the order they came.
  order.sort(compare);
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i];
    if (kept > 0 && compare(order[kept - 1], row) === 0) {
      if (supersedes(columns, row, order[kept - 1])) {
        keepWhatIsUnknown(columns, row, order[kept - 1]);
        order[kept - 1] = row;
      }
    } else {
      order[kept++] = row;
    }
  }
  order.length = kept;
  return order;
}

/** True if `row`, which came later, is not older than `before`; an unknown age is older than any known one. */
function supersedes(columns: StationColumns, row: number, before: number): boolean {
  const { modifiedAt } = columns;
  const age = (i: number) => (Number.isNaN(modifiedAt[i]) ? -1 : modifiedAt[i]);
  return age(row) >= age(before);
}

/** The same merge as the store's update: identity and blocks are not forgotten because a newer row doesn't mention them. */
function keepWhatIsUnknown(columns: StationColumns, row: number, before: number): void {
  if (Number.isNaN(columns.psc[row])) columns.psc[row] = columns.psc[before];
  const { createdAt, blockedAt, blockCount } = columns;
  createdAt[row] = minKnown(createdAt[row], createdAt[before]);
  blockedAt[row] = -minKnown(-blockedAt[row], -blockedAt[before]);
  blockCount[row] = Math.max(blockCount[row], blockCount[before]);
}

function minKnown(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b);
}
