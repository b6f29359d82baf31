// Counting people without knowing them. A contributor is a network address for one day: a number from HMAC(the day's key,
// the address's network part). Promises: the same network on one day gives one tag; without the day's key, which is random
// and deleted (day-keys.ts), a tag says nothing of an address but whether it is IPv4 or IPv6, and two days' tags can't be
// compared. Attacks it stops: one sender counting as many by changing the host part of an address; one line counting as two
// because it has both protocols (who vouches for whom is asked within one protocol: places.ts). It can't tell two
// people behind one address apart, nor see that a home line and a mobile one are one person.
import { createHmac } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { addressInside, groupsOf } from '../privacy/ip-address.ts';
import { DAY_MS } from '../time/spans.ts';

/** UTC days since 1970-01-01. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** The highest of a tag's 48 bits: set for IPv6. */
const IPV6_TAG = 2 ** 47;

/**
 * Tag of whoever can't be told from others: no address, or one that may not be looked at. It vouches for nobody and nobody for
 * it (attack: one network that sends half of its reports as a phone whose address is off would be two).
 */
export const UNKNOWN_TAG = 0;

/** 47 bits of HMAC-SHA256(day key, network) as a number, plus 2^47 if the network is one of IPv6; UNKNOWN_TAG without an address. */
export function contributorTag(dayKey: Uint8Array, address: string): number {
  const network = networkOf(address);
  if (network === NO_NETWORK) return UNKNOWN_TAG;
  const digest = createHmac('sha256', dayKey).update(network).digest();
  return (digest.readUIntLE(0, 6) % IPV6_TAG || 1) + (network.includes(':') ? IPV6_TAG : 0);
}

/** True if a tag was made of an IPv6 network. */
export function isIPv6Tag(tag: number): boolean {
  return tag >= IPV6_TAG;
}

const NO_NETWORK = 'none';

/**
 * The part of an address that its holder can't choose: /24 of IPv4, /48 of IPv6 (what providers hand out). Private IPv4
 * addresses and loopback stay whole: behind them is the operator's own network, where each host is one; of private IPv6 the
 * /64 counts, because a host makes up the rest itself. An IPv6 address that only wraps an IPv4 one (mapped, 6to4, NAT64) is that one's
 * network. Teredo's, where hosts choose among relays, are nobody's: beside native IPv6 one line would vouch for itself. So is anything
 * that is no address (a Unix socket).
 */
export function networkOf(address: string): string {
  const bare = addressInside(address.includes('%') ? address.slice(0, address.indexOf('%')) : address);
  if (isIPv4(bare)) return isPrivateV4(bare) ? bare : `${bare.slice(0, bare.lastIndexOf('.'))}.0/24`;
  if (!isIPv6(bare)) return NO_NETWORK;
  const groups = groupsOf(bare);
  const first = (count: number) =>
    groups
      .slice(0, count)
      .map((group) => group.toString(16).padStart(4, '0'))
      .join(':');
  // fc00::/7 and fe80::/10 are the IPv6 words for "private".
  if (groups[0] >> 9 === 0xfc >> 1 || groups[0] >> 6 === 0xfe80 >> 6) return `${first(4)}::/64`;
  if (groups[0] === 0x2001 && groups[1] === 0) return NO_NETWORK;
  return `${first(3)}::/48`;
}

function isPrivateV4(address: string): boolean {
  const [a, b] = address.split('.').map(Number);
  return a === 10 || a === 127 || (a === 192 && b === 168) || (a === 172 && b >= 16 && b < 32);
}
