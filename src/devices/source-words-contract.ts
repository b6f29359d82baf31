// What places a phone, in words for its user (S8): the same wherever they are told by what they were found. Promises: pure.
import { setSources, sourceNames } from './device-contract.ts';

export const LANGUAGES = ['en', 'nl'] as const;
export type Language = (typeof LANGUAGES)[number];

const WORDS: Readonly<Record<string, Record<Language, string>>> = {
  gps: { en: 'your phone’s GPS', nl: 'de GPS van je telefoon' },
  cell: { en: 'mobile phone masts nearby', nl: 'zendmasten in de buurt' },
  wifi: { en: 'Wi-Fi access points nearby', nl: 'wifi-punten in de buurt' },
  bluetooth: { en: 'Bluetooth beacons nearby', nl: 'Bluetooth-bakens in de buurt' },
  ip: { en: 'your internet address', nl: 'je internetadres' },
};

/** `found by mobile phone masts nearby and Wi-Fi access points nearby`; '' for the empty mask. */
export function foundBy(mask: number, language: Language): string {
  const words = sourceNames(mask).map((name) => WORDS[name][language]);
  if (words.length === 0) return '';
  const [and, by] = language === 'nl' ? [' en ', 'gevonden met '] : [' and ', 'found by '];
  const last = words.pop();
  return by + (words.length === 0 ? last : `${words.join(', ')}${and}${last}`);
}

const GEOLOCATED = 'geolocate by ';

/** How the ledger says by what a position was found that somebody was shown. */
export const geolocatedBy = (mask: number): string => GEOLOCATED + sourceNames(mask).join(' ');

/** The mask that a row of the ledger says; 0 if it says none, as rows did at first. */
export function geolocatedSources(detail: string | null): number {
  if (detail === null || !detail.startsWith(GEOLOCATED)) return 0;
  const names = detail.slice(GEOLOCATED.length).split(' ');
  return setSources(0, Object.fromEntries(names.map((name) => [name, true])));
}
