// Counting people without knowing them. A contributor is a network address for one day: a number from HMAC(the day's key,
// the address's network part). Promises: the same network on one day gives one tag; without the day's key, which is random
// and deleted (day-keys.ts), a tag says nothing about an address and two days' tags can't be compared. Attack it stops: one
// sender counting as many by changing the host part of an address. It can't tell two people behind one address apart, nor
// see that two addresses are one person: that costs an attacker one more network.
import { createHmac } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

export const DAY_MS = 86_400_000;

/** UTC days since 1970-01-01. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** 48 bits of HMAC-SHA256(day key, network) as a number. */
export function contributorTag(dayKey: Uint8Array, address: string): number {
  return createHmac('sha256', dayKey).update(networkOf(address)).digest().readUIntLE(0, 6);
}

/**
 * The part of an address that its holder can't choose: /24 of IPv4, /48 of IPv6 (what providers hand out). Addresses
 * of loopback and private networks stay whole: behind them is the operator's own network, where each host is one.
 * Anything that is no address (a Unix socket) is one network.
 */
export function networkOf(address: string): string {
  const bare = address.includes('%') ? address.slice(0, address.indexOf('%')) : address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  const v4 = mapped === null ? bare : mapped[1];
  if (isIPv4(v4)) return isPrivateV4(v4) ? v4 : `${v4.slice(0, v4.lastIndexOf('.'))}.0/24`;
  if (!isIPv6(bare)) return 'none';
  const groups = firstGroups(bare.toLowerCase());
  // fc00::/7 and fe80::/10 are the IPv6 words for "private", ::1 is loopback.
  return /^(f[cd]|fe[89ab])/.test(groups[0]) || bare === '::1' ? bare.toLowerCase() : `${groups.join(':')}::/48`;
}

function isPrivateV4(address: string): boolean {
  const [a, b] = address.split('.').map(Number);
  return a === 10 || a === 127 || (a === 192 && b === 168) || (a === 172 && b >= 16 && b < 32);
}

/** The first three groups of an IPv6 address, four digits each. */
function firstGroups(address: string): string[] {
  const [head, tail] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  // An IPv4 tail stands for two groups.
  const groupsIn = (part: string[]) => part.length + (part.at(-1)?.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : 8 - groupsIn(head) - groupsIn(tail);
  const groups = [...head, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...(tail ?? [])];
  return groups.slice(0, 3).map((group) => group.padStart(4, '0'));
}
