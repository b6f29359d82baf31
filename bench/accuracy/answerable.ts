// What a data set lets anybody answer who keeps our rules: access points that are no one's pocket (not locally administered),
// heard by two contributors on one day and on two days, and two distinct boxes of them at once. The baselines keep none of
// these rules, so their share of answers is no measure for ours; this is.

import { createDeviceScratch, groupDevices } from '../../src/positioning/devices.ts';
import { isUsableMac } from '../../src/radio/mac.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import type { DataSet } from './method.ts';

const MAX_HEARD = 256;

/** Share of a Wi-Fi set's test scans, in 0..1, that rules and evidence allow to answer. */
export function answerableShare(set: DataSet): number {
  const proven = provenMacs(set);
  const device = new Int16Array(MAX_HEARD);
  const scratch = createDeviceScratch(MAX_HEARD);
  let answerable = 0;
  for (const scan of set.test) {
    const macs = Float64Array.from(scan.wifi.map(({ mac }) => mac).filter((mac) => proven.has(mac)));
    if (macs.length >= 2 && groupDevices(macs, macs.length, device, scratch) >= 2) answerable++;
  }
  return answerable / set.test.length;
}

function provenMacs(set: DataSet): Set<number> {
  const heard = new Map<number, Map<number, Set<string>>>();
  for (const scan of set.learn) {
    const day = Math.floor(scan.timeMs / DAY_MS);
    for (const { mac } of scan.wifi) {
      if (!isUsableMac(mac)) continue;
      const days = heard.get(mac) ?? new Map<number, Set<string>>();
      heard.set(mac, days);
      days.set(day, (days.get(day) ?? new Set<string>()).add(scan.device));
    }
  }
  const proven = new Set<number>();
  for (const [mac, days] of heard) {
    const trusted = days.values().next().value?.has('') === true;
    if (trusted || (days.size >= 2 && [...days.values()].some((who) => who.size >= 2))) proven.add(mac);
  }
  return proven;
}
