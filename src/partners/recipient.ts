// Who is behind a partner key: one application of one partner, and the most it may ever get. Promises: pure; all roles have
// the same shape and pass the same gate (privacy policy L4: partners, licensees and the operator's own analytics alike); a
// partner that has not said how it handles data, whom to ask and who is responsible is inactive (C8): nothing precise.

export const ROLES = ['vendor', 'licensee', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** What a partner key stands for. Survives being posted to a thread. */
export type Recipient = {
  readonly application: string;
  readonly partner: string;
  readonly role: Role;
  /** DPV purposes it may name; the first is what a request without one means. */
  readonly purposes: readonly string[];
  /** The finest it may ever get: 1 region, 2 precise. */
  readonly maxPrecision: number;
  /** Its partner has named policy, contact and controller. */
  readonly active: boolean;
  readonly suspended: boolean;
  readonly adFunded: boolean;
};

/** The columns of `applications` and `partners` that say what a recipient is. */
export type RecipientRow = {
  readonly application: string;
  readonly partner: string;
  readonly role: string;
  readonly purposes: readonly string[];
  readonly maxPrecision: number;
  readonly policyUrl: string | null;
  readonly contact: string | null;
  readonly controller: string | null;
  readonly adFunded: boolean;
  readonly applicationSuspendedAt: number | null;
  readonly partnerSuspendedAt: number | null;
};

export function recipientOf(row: RecipientRow): Recipient {
  return {
    application: row.application,
    partner: row.partner,
    role: row.role as Role,
    purposes: row.purposes,
    maxPrecision: row.maxPrecision,
    active: Boolean(row.policyUrl && row.contact && row.controller),
    suspended: row.applicationSuspendedAt !== null || row.partnerSuspendedAt !== null,
    adFunded: row.adFunded,
  };
}

const MAX_ID_LENGTH = 64;
/** Longer names are cut, so that a number fits behind. */
const SLUG_LENGTH = 48;

/** True for a name of a partner or an application as URLs and consents carry it: a-z, 0-9 and single hyphens. */
export function isRecipientId(id: string): boolean {
  return id.length <= MAX_ID_LENGTH && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(id);
}

/** The id that a name suggests: "Café Ürban!" becomes cafe-urban; `app` where nothing of it can be spelled. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain.replace(/[^a-z0-9]+/g, '-').slice(0, SLUG_LENGTH + 1);
  return slug.replace(/^-+|-+$/g, '').slice(0, SLUG_LENGTH) || 'app';
}

/** True for the address of a privacy policy: https, so that nobody between can change what people are shown. */
export function isPolicyUrl(text: string): boolean {
  return text.length <= 500 && URL.canParse(text) && new URL(text).protocol === 'https:';
}

/** True for something people can write to: an e-mail address, or an https page. */
export function isContact(text: string): boolean {
  return text.length <= 200 && (/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+\.[^\s@\p{Cc}]+$/u.test(text) || isPolicyUrl(text));
}

/** True for the name and postal address of whoever is responsible, on one line. */
export function isController(text: string): boolean {
  return text.trim().length > 0 && text.length <= 300 && !/\p{Cc}/u.test(text);
}
