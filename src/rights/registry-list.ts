// How the registry's parts name many columns of one class.
import type { ColumnClass } from './registry.ts';

/** `names`, separated by spaces, each with the class of all. */
export function list(names: string, kind: ColumnClass): Readonly<Record<string, ColumnClass>> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}
