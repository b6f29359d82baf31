// What rooms agree on about a device: its flags, which of its sources may be used, how old its user is. Numbers are stored.

export const FLAG = {
  /** Its user has restricted use: kept, never used nor shared (GDPR 18). */
  restricted: 1,
  /** Objects to being counted. */
  objected: 2,
  /** Found out to be a child's, whatever its age band says. */
  child: 4,
  /** Erasure has begun. */
  erasing: 8,
  /** Its token alone shows nothing to anybody else: partners are answered by application tokens, a yes needs proof. */
  guarded: 16,
} as const;

/** Bits of a mask of sources. */
export const SOURCE = { gps: 1, cell: 2, wifi: 4, bluetooth: 8, ip: 16 } as const;
export const ALL_SOURCES = 31;
export const SOURCE_NAMES = Object.keys(SOURCE) as (keyof typeof SOURCE)[];

/** The mask after some switches were set: what is not named stays. */
export function setSources(mask: number, switches: Readonly<Record<string, boolean | undefined>> | undefined): number {
  let after = mask;
  for (const name of SOURCE_NAMES) {
    if (switches?.[name] === true) after |= SOURCE[name];
    if (switches?.[name] === false) after &= ~SOURCE[name];
  }
  return after;
}

export function sourceNames(mask: number): string[] {
  return SOURCE_NAMES.filter((name) => (mask & SOURCE[name]) !== 0);
}

/** A phone that asked nothing for so long is not in use: its tokens open nothing, and its data is erased. */
export const IDLE_DAYS = 365;

export const AGE_BANDS = ['under13', '13to15', '16to17', '18plus', 'unknown'] as const;
export type AgeBand = (typeof AGE_BANDS)[number];

/** A parent's verified consent for a child's device; without `precise` a child's location ends at its region. */
export type ParentalConsent = {
  readonly id: string;
  readonly at: number;
  readonly withdrawnAt: number | null;
  readonly precise: boolean;
};

/** Everything about a device that decides what others may learn. */
export type DeviceState = {
  /** Bits of FLAG. */
  readonly flags: number;
  /** ISO 3166-1 alpha-2, null = unknown. */
  readonly jurisdiction: string | null;
  readonly ageBand: AgeBand;
  /** Bits of SOURCE that its user left on. */
  readonly sources: number;
  /** Wants offers; absent in states that were kept before this decided anything. */
  readonly marketing?: boolean;
  readonly parental: readonly ParentalConsent[];
};
