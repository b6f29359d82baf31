// Who contributed to a station in the last days, as far as two can be told apart. Promises: tags are of one day and one
// transmitter (observations/gather.ts), so that nobody is known again. Does not judge what they prove: places.ts does.

/** `spent` of MOST_SPENT is what it has used of its share, `loudDbm` the strongest it told of an access point (0 = none). A contributor of the last day of arrival or the one before: slot i of `recent` is bit i of `seenBy`. `tag` -1 = empty slot, 0 = somebody, nobody knows who. */
export type Witness = { day: number; tag: number; spent: number; loudDbm: number };

/** An empty slot. */
export const NOBODY: Readonly<Witness> = { day: 0, tag: -1, spent: 0, loudDbm: 0 };

/**
 * True if two slots are two contributors: of one day, because on different days they may be one; by one protocol, because most
 * lines have both; and both known, because whose address is off may be whose address is not.
 */
export function isCompany(a: Witness, b: Witness): boolean {
  return a.tag > 0 && b.tag > 0 && a.day === b.day && isIPv6(a.tag) === isIPv6(b.tag);
}

/** True if a contributor came by IPv6: the highest bit of 32 (observations/gather.ts). */
export function isIPv6(tag: number): boolean {
  return tag >= 2 ** 31;
}
