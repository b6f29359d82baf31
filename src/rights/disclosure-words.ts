// One disclosure in plain words, for the person it is about (S8): who was shown what, when and why, and by
// what it was found, in English or Dutch.
// Promises: pure; says what the ledger says and nothing else, so never a place.
import { foundBy, geolocatedSources, type Language } from '../devices/source-words-contract.ts';
import type { KIND } from '../disclosures/entry.ts';
import { ASKED_FOR } from './legal-words.ts';
import { staffActOf } from './staff.ts';

/** A row of the ledger about one person. */
export type Disclosed = {
  /** What its row is called towards the person. */
  readonly seq: number;
  readonly at: number;
  readonly kind: number;
  readonly application: string | null;
  readonly purpose: string | null;
  readonly basis: string | null;
  readonly precision: number | null;
  readonly policyVersion: string | null;
  readonly detail: string | null;
};

/** Kinds that are acts of showing, of refusing to, of staff, or of telling a recipient something. */
const SHOWN = { precise: 1, region: 2, refused: 3, staff: 7, legal: 8, notice: 9 } as const satisfies Partial<
  typeof KIND
>;
export const SHOWN_KINDS: readonly number[] = Object.values(SHOWN);

const NOTICES: Readonly<Record<string, Record<Language, string>>> = {
  rectified: {
    en: 'was told that what it had received is wrong',
    nl: 'kreeg bericht dat wat het had ontvangen niet klopt',
  },
  restricted: {
    en: 'was told not to use what it had received',
    nl: 'kreeg bericht niet te gebruiken wat het had ontvangen',
  },
  withdrawn: {
    en: 'was told that you took your consent back',
    nl: 'kreeg bericht dat je je toestemming hebt ingetrokken',
  },
  erased: { en: 'was told to erase what it had received', nl: 'kreeg bericht te wissen wat het had ontvangen' },
};
/** What staff does to somebody, by its action (staff.ts). */
const STAFF_ACTS: Readonly<Record<string, Record<Language, string>>> = {
  export: { en: 'made a copy of what we hold of you', nl: 'maakte een kopie van wat we van je bewaren' },
  rights: { en: 'dealt with a request of yours', nl: 'behandelde een verzoek van je' },
  erase: { en: 'erased what we held of you', nl: 'wiste wat we van je bewaarden' },
  child: { en: 'marked your phone as a child’s', nl: 'merkte je telefoon aan als die van een kind' },
  parental: { en: 'dealt with a parent’s consent for you', nl: 'behandelde toestemming van een ouder voor jou' },
};
const OTHER_ACT = { en: 'dealt with what we hold of you', nl: 'deed iets met wat we van je bewaren' };
const BASES: Readonly<Record<string, Record<Language, string>>> = {
  consent: { en: 'because you agreed', nl: 'omdat je dat goed vond' },
  anonymous: { en: 'in a form that does not identify you', nl: 'in een vorm die jou niet aanwijst' },
  processor: { en: 'to do a task for us', nl: 'om een taak voor ons te doen' },
  legal_obligation: { en: 'because the law demands it', nl: 'omdat de wet dat eist' },
  security: { en: 'to prevent fraud or danger', nl: 'om fraude of gevaar te voorkomen' },
  protect_rights: { en: 'to protect rights or property', nl: 'om rechten of eigendom te beschermen' },
};

/** `name` is what the application is called. */
export function disclosureInWords(row: Disclosed, name: string | null, language: Language): string {
  const nl = language === 'nl';
  const who = name ?? row.application ?? (nl ? 'Iemand' : 'Somebody');
  const why = row.basis === null ? '' : ` ${BASES[row.basis]?.[language] ?? row.basis}`;
  const by = foundBy(geolocatedSources(row.detail), language);
  const how = by === '' ? '' : ` (${by})`;
  switch (row.kind) {
    case SHOWN.precise:
      return nl ? `${who} zag waar je precies was,${why}${how}.` : `${who} saw where exactly you were,${why}${how}.`;
    case SHOWN.region:
      return nl ? `${who} zag in welk gebied je was,${why}.` : `${who} saw which area you were in,${why}.`;
    case SHOWN.refused:
      return nl ? `${who} vroeg waar je was en kreeg niets.` : `${who} asked where you were and got nothing.`;
    case SHOWN.staff:
      return staffActInWords(row.detail ?? '', language);
    case SHOWN.legal:
      if (row.detail?.startsWith(ASKED_FOR))
        return nl ? `Er is om gegevens over jou gevraagd,${why}.` : `Data about you was asked for,${why}.`;
      return nl ? `Gegevens over jou zijn verstrekt,${why}.` : `Data about you was handed over,${why}.`;
    case SHOWN.notice:
      return `${who} ${NOTICES[row.detail ?? '']?.[language] ?? (nl ? 'kreeg bericht' : 'was told something')}.`;
    default:
      return nl ? 'Er is iets vastgelegd.' : 'Something was recorded.';
  }
}

/** What was done and why; who of the staff did it is in the ledger, and nobody else's to know. */
function staffActInWords(detail: string, language: Language): string {
  const act = staffActOf(detail);
  const what = (STAFF_ACTS[act?.action ?? ''] ?? OTHER_ACT)[language];
  const why = act === null ? '' : `: ${act.reason}`;
  if (language === 'nl')
    return act?.allowed === false
      ? `Iemand van ons wilde iets doen en mocht dat niet (${what})${why}.`
      : `Iemand van ons ${what}${why}.`;
  return act?.allowed === false
    ? `Somebody of our staff tried and was refused (${what})${why}.`
    : `Somebody of our staff ${what}${why}.`;
}

export const precisionName = (precision: number | null): string | null =>
  precision === null ? null : (['none', 'region', 'precise'][precision] ?? null);
