// The first entry of the archive: what the seed policy of 30 June 2017 promised (policy S9). In words of ours, since its full text
// is its publisher's; in force until an operator publishes one of their own.
import { readFileSync } from 'node:fs';
import type { NewPolicy } from '../policy/store.ts';

const text = (language: string) =>
  readFileSync(new URL(`../policy/archive/2017-06-30.${language}.md`, import.meta.url), 'utf8');

export const FIRST_POLICY: NewPolicy = {
  version: '2017-06-30',
  effectiveAt: Date.UTC(2017, 5, 30),
  material: false,
  widens: [],
  texts: [
    { language: 'en', text: text('en') },
    { language: 'nl', text: text('nl') },
  ],
};
