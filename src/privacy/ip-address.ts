// IP addresses taken apart: the IPv4 one inside an IPv6 one, and the groups of that. Promises: pure; an address that only wraps an IPv4 one (mapped, 6to4, NAT64) comes back as
// that one, in any notation; every other text comes back as it is, whether it is an address or not. A database of IPv6
// networks knows the wrapping at best as the relay's country, and whoever counts contributors would count one line twice.
// Teredo is not unwrapped: its hosts choose the server in it.
import { isIPv6 } from 'node:net';

const SIX_TO_FOUR = 0x2002;

/** `address` without port and zone. Mapped: ::ffff:0:0/96 (RFC 4291); 6to4: 2002::/16 (RFC 3056); NAT64: 64:ff9b::/96 (RFC 6052). */
export function addressInside(address: string): string {
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  if (groups[0] === SIX_TO_FOUR) return dotted(groups[1], groups[2]);
  const prefix = groups.slice(0, 6).join(':');
  return prefix === MAPPED || prefix === NAT64 ? dotted(groups[6], groups[7]) : address;
}

const MAPPED = [0, 0, 0, 0, 0, 0xffff].join(':');
const NAT64 = [0x64, 0xff9b, 0, 0, 0, 0].join(':');

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address without a zone; an IPv4 tail stands for two. */
export function groupsOf(address: string): number[] {
  const [head, tail = null] = address.split('::').map(partsOf);
  return tail === null ? head : [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function partsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a, b, c, d] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
