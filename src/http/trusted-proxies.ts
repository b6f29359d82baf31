// Which peers are believed when they say for whom they speak. Promises: the same answers as the library that it asks
// (@fastify/proxy-addr, Fastify's own), from memory for a proxy it has seen: parsing the peer's address for every request anew, twice,
// is a seventh of what a look-up behind a proxy costs. Only a trusted peer is remembered: no stranger, and no phone that one speaks for.
import { compile } from '@fastify/proxy-addr';

/** Proxies remembered; a trusted network may hold more than there are. */
const MOST = 256;

/** True for an address that is one of `names` (addresses, networks, or the library's names of some), `hop` 0 being the peer. */
export function trustIn(names: readonly string[]): (address: string, hop: number) => boolean {
  const isAmong = compile([...names]);
  const trusted = new Set<string>();
  return (address, hop) => {
    if (hop > 0) return isAmong(address, hop);
    if (trusted.has(address)) return true;
    if (!isAmong(address, hop)) return false;
    if (trusted.size >= MOST) trusted.clear();
    trusted.add(address);
    return true;
  };
}
