// Where a position that a phone sends came from, in its own word. Promises: what says that it rests on radio or an address is
// another location service's answer: a look-up fused with one, or a map taught by one, would confirm itself. Any other word
// (survey, manual, one that nobody knows yet) is taken for a fix, as in Ichnaea. Shared by look-ups and reports, which must
// not differ in this.

/** Satellites (or a person); satellites and other things mixed; another location service's answer. */
export type FixSource = 'gnss' | 'fused' | 'query';

/** Longer than any word there is for a source. */
const MAX_WORD = 16;

/** `query` is Ichnaea's word, `network` Android's; the rest are what apps call the same. */
const LOOKED_UP = new Set([
  'query',
  'network',
  'cell',
  'cellular',
  'wifi',
  'wlan',
  'bluetooth',
  'ip',
  'geoip',
  'lookup',
]);

/** `query` for words of LOOKED_UP and for what is no word, `fused` for itself, `gnss` for nothing and all others. */
export function fixSourceOf(word: unknown): FixSource {
  if (word === undefined || word === null || word === '') return 'gnss';
  if (typeof word !== 'string' || word.length > MAX_WORD) return 'query';
  const lower = word.toLowerCase();
  if (lower === 'fused') return 'fused';
  return LOOKED_UP.has(lower) ? 'query' : 'gnss';
}
