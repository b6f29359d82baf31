// MAC addresses (BSSID, Bluetooth) as one 48-bit number: exact in a double, cheap to compare and to hash.
// Promises: any of the notations that real clients send (`-`, `:`, `.`, bare, any case), no allocation, no regular
// expression. Does not judge: whether an address may be used is asked separately.

/** The widest MAC as a number, 2^48 - 1: everybody's address, and no transmitter's. */
export const MAX_MAC = 0xffff_ffff_ffff;

/**
 * Parses a MAC of twelve hex digits with or without `:`, `-` or `.` between them.
 * Returns the address as a number in [0, 2^48), or -1 if it is not one (also for anything that is not a string).
 */
export function parseMac(text: unknown): number {
  if (typeof text !== 'string' || text.length < 12 || text.length > 17) return -1;
  let hi = 0;
  let lo = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    let v: number;
    if (c >= 48 && c <= 57) v = c - 48;
    else if (c >= 97 && c <= 102) v = c - 87;
    else if (c >= 65 && c <= 70) v = c - 55;
    else if (c === 58 || c === 45 || c === 46) continue;
    else return -1;
    if (digits < 6) hi = hi * 16 + v;
    else lo = lo * 16 + v;
    digits++;
  }
  return digits === 12 ? hi * 0x1000000 + lo : -1;
}

/** The address as twelve lower-case hex digits with colons. */
export function formatMac(mac: number): string {
  const hex = mac.toString(16).padStart(12, '0');
  return `${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}:${hex.slice(10)}`;
}

/** The first octet of an address. */
function firstOctet(mac: number): number {
  return Math.floor(mac / 0x100_0000_0000);
}

/** True if the administrator, not the maker, chose the address: randomised phones, hotspots, meshes. Never learnt, never used. */
export function isLocallyAdministered(mac: number): boolean {
  return (firstOctet(mac) & 2) !== 0;
}

/** True if an address may name one physical transmitter: not all zeros, not a group, not locally administered. */
export function isUsableMac(mac: number): boolean {
  // Bit 0 of the first octet marks a group (all ones too), bit 1 a locally administered address (IEEE 802).
  return mac > 0 && (firstOctet(mac) & 3) === 0;
}
