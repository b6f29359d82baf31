// An IP address reduced to what a limit needs: a number that changes with a secret seed. Promises: no copy of the address
// is kept, nothing is allocated (but for an address whose /64 is written short), and without the seed (random at each start, never
// written down) a number says nothing about an address. An IPv6 subscriber owns a /64, so that much of the address counts, however the
// rest lets it be written (attack: one with a run of zeros in each half has two names, and so twice every limit).
import type { FastifyRequest } from 'fastify';

/** 64 secret bits that start every hash. */
export type AddressSeed = { readonly a: number; readonly b: number };

/** Two independent 32-bit hashes of the last address given to `hashAddress`; one object per caller, overwritten each time. */
export type AddressHash = { a: number; b: number };

/** Hashes an IPv4 address (also mapped into IPv6; without the port some proxies add) whole, an IPv6 one up to its fourth group. */
export function hashAddress(address: string, seed: AddressSeed, into: AddressHash): void {
  const dot = address.indexOf('.');
  const start = dot < 0 ? 0 : address.lastIndexOf(':', dot) + 1;
  let a = seed.a | 0;
  let b = seed.b | 0;
  let groups = 0;
  for (let i = start; i < address.length; i++) {
    const c = address.charCodeAt(i);
    if (c === 58) {
      if (dot >= 0 || ++groups === 4) break;
      if (address.charCodeAt(i + 1) === 58) {
        hashAddress(subscriberOf(address), seed, into);
        return;
      }
    }
    a = Math.imul(a ^ c, 0x9e3779b1);
    b = Math.imul(b ^ c, 0x85ebca77);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  into.a = finish(a ^ Math.imul(b, 0xc2b2ae3d));
  into.b = finish(b ^ Math.imul(into.a, 0x27d4eb2f));
}

/** The part of an address that names its subscriber: the same part that `hashAddress` reads, as text. */
export function subscriberOf(address: string): string {
  const dot = address.indexOf('.');
  if (dot >= 0) return address.slice(address.lastIndexOf(':', dot) + 1).split(':', 1)[0];
  const [before, after] = address.split('::', 2);
  const groups = groupsOf(before);
  const rest = groupsOf(after ?? '');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  return [...groups, ...Array(zeros).fill('0'), ...rest].slice(0, 4).join(':');
}

const groupsOf = (text: string): string[] => text.split(':').filter((group) => group !== '');

/** All that one subscriber may be given: of IPv6 a /48, of IPv4 the address; as text. */
export function siteOf(address: string): string {
  const subscriber = subscriberOf(address);
  return subscriber.includes('.') ? subscriber : subscriber.split(':', 3).join(':');
}

/**
 * The address that a request's limits are counted against; '' = none: it was made on this machine itself, and whoever does
 * that is its operator. What came by way of a proxy that says so was not, also if nobody named it in TRUST_PROXY or if it passes on what
 * clients say of themselves (attack: an X-Forwarded-For of 127.0.0.1): such a proxy's clients share one limit.
 */
export function addressToLimit(request: FastifyRequest): string {
  const { ip } = request;
  if (!isLoopback(ip)) return ip;
  const { headers, socket } = request.raw;
  const isDirect = headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;
  return isDirect && isLoopback(socket.remoteAddress ?? '') ? '' : ip;
}

/** True for an address of this machine: 127.0.0.0/8, also mapped into IPv6, and ::1. */
function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

/** Murmur3's finaliser: every input bit moves every output bit. Returns an unsigned 32-bit number. */
function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
