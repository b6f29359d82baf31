// Where a position that a phone sends came from, in its own word. Promises: what is not known to rest on satellites, or on a
// person who put it there, is another location service's answer: a look-up fused with one, or a map taught by one, would
// confirm itself. Shared by look-ups and reports, which must not differ in this.

/** Satellites (or a person); satellites and other things mixed; another location service's answer. */
export type FixSource = 'gnss' | 'fused' | 'query';

/** Longer than any word there is for a source. */
const MAX_WORD = 16;

/** `gps`, `gnss`, `fixed`, `manual` (as in Ichnaea) and nothing count as satellites; Android's `network` and any other word do not. */
export function fixSourceOf(word: unknown): FixSource {
  if (word === undefined || word === null || word === '') return 'gnss';
  if (typeof word !== 'string' || word.length > MAX_WORD) return 'query';
  switch (word.toLowerCase()) {
    case 'gps':
    case 'gnss':
    case 'fixed':
    case 'manual':
      return 'gnss';
    case 'fused':
      return 'fused';
  }
  return 'query';
}
