// Every way in which a partner is told nothing, by the pipeline itself, with a clock and a store in the test's hand: all that
// came at one moment leave at one moment, however long each was decided, and whether or not a store was asked (attack A12).
import { setImmediate as turn } from 'node:timers/promises';
import { latLngToCell } from 'h3-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ALL_SOURCES } from '../../src/devices/device-contract.ts';
import { hashToken, isApplicationToken, isWireToken } from '../../src/devices/token.ts';
import type { Caller } from '../../src/http/caller.ts';
import type { Estimate } from '../../src/positioning/locator.ts';
import { layOutAnonymityMap, openAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import { createAudience } from '../../src/sharing/audience.ts';
import type { Outcome } from '../../src/sharing/decide-store.ts';
import { createLeaseMemory, openLeaseReader } from '../../src/sharing/lease-memory.ts';

const PURPOSE = 'dpv:ServiceProvision';
const TOWN = keyOfCell(latLngToCell(52.09, 5.12, 7));
const map = openAnonymityMap(layOutAnonymityMap(Uint32Array.from([parentKey(TOWN, 2), TOWN])));
const tokens = { nobody: `hgt_${'A'.repeat(43)}`, device: `hgt_${'B'.repeat(43)}`, bound: `hga_${'C'.repeat(43)}` };
/** What the store says of each, and how long it takes for it, ms. */
const STORE: Readonly<Record<string, { readonly outcome: Outcome; readonly ms: number }>> = {
  [tokens.nobody]: { outcome: { kind: 'nothing', isDevice: false }, ms: 1 },
  [tokens.bound]: { outcome: { kind: 'nothing', isDevice: false }, ms: 9 },
  [tokens.device]: { outcome: { kind: 'nothing', isDevice: true }, ms: 17 },
};
const after = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function open(
  onError: (error: unknown) => void = (error) => {
    throw error;
  },
) {
  const clocks = { monotonicMs: () => performance.now(), wallMs: () => performance.now() };
  return createAudience({
    lease: openLeaseReader(createLeaseMemory(clocks), clocks),
    ...{ map, mapVersion: 'map' },
    async decideAll(asks) {
      const said = asks.map(
        (ask) => Object.entries(STORE).find(([token]) => hashToken(token).equals(ask.tokenHash))![1],
      );
      await after(Math.max(...said.map(({ ms }) => ms)));
      return said.map(({ outcome }) => outcome);
    },
    isGood: async (keyId) => {
      await after(3);
      return keyId !== 'suspended';
    },
    readSwitches: async () => [],
    hashToken: (text) => (isWireToken(text) ? hashToken(text) : null),
    ...{ isBoundToken: isApplicationToken, count: () => {}, noteWrongPurpose: () => {} },
    monotonicMs: () => performance.now(),
    onError,
  }).audience;
}

const at = (lat: number, lon: number, accuracyM = 20): Estimate => ({
  ...{ lat, lon, accuracyM, fallback: '', source: 'gps', sources: ALL_SOURCES },
});
const HERE = at(52.09, 5.12);
type Way = { readonly token?: string; readonly found?: Estimate | null; readonly id?: string };
const WAYS: Readonly<Record<string, Way>> = {
  'a phone that is refused, restricted, a child’s, suppressed or not located': { token: tokens.device },
  'a token that nobody knows': { token: tokens.nobody },
  'a token of another application': { token: tokens.bound },
  'what can’t be a token': { token: 'junk' },
  'nobody, not located': { found: null },
  'nobody, located too badly': { found: at(52.09, 5.12, 50_000) },
  'nobody, where hardly anybody lives': { found: at(-50, -120) },
  'nobody, where a level coarser there is none': { found: at(52.3, 5.4) },
  'nobody, to who is suspended': { id: 'suspended' },
};

/** When each was told nothing, ms after it came. */
async function leave(names: readonly string[]): Promise<Record<string, number>> {
  const audience = open();
  const startMs = performance.now();
  const left: Record<string, number> = {};
  const asked = names.map(async (name) => {
    const { token = null, found = HERE, id = 'good' } = WAYS[name];
    const recipient = { application: 'app', purposes: [PURPOSE] };
    const caller: Caller = { id, class: 'partner', slot: 0, perMinute: null, dailyQuota: null, recipient };
    const question = { caller, deviceToken: token, query: {}, nowMs: 1_000, locate: () => found };
    expect([name, await audience(question)]).toEqual([name, null]);
    left[name] = performance.now() - startMs;
  });
  for (let ms = 0; ms < 40; ms++) {
    await turn();
    await vi.advanceTimersByTimeAsync(1);
  }
  await Promise.all(asked);
  return left;
}

test('every way of being told nothing leaves at one beat, not before 20 ms, together and each alone', async () => {
  const all = Object.keys(WAYS);
  const together = Object.values(await leave(all));
  expect(together).toHaveLength(all.length);
  expect(new Set(together).size).toBe(1);
  for (const name of all) {
    const [ms] = Object.values(await leave([name]));
    expect([name, ms >= 20 && ms <= 26]).toEqual([name, true]);
  }
});

test('what the locator fails on is one answer, whoever it is about', async () => {
  const errors: unknown[] = [];
  const audience = open((error) => errors.push(error));
  const recipient = { application: 'app', purposes: [PURPOSE] };
  const caller = { id: 'key', class: 'partner', slot: 0, perMinute: null, dailyQuota: null, recipient } as Caller;
  const locate = () => {
    throw new Error('broken locator');
  };
  for (const deviceToken of ['junk', ...Object.values(tokens)]) {
    const decision = audience({ caller, deviceToken, query: {}, nowMs: 1_000, locate });
    const settled = Promise.resolve(decision).catch(() => 'threw');
    await vi.advanceTimersByTimeAsync(100);
    // As it is where somebody is located who may be (batches.ts).
    expect(await settled, deviceToken).toMatchObject({ kind: 'unavailable' });
  }
  expect(errors).toHaveLength(4);
});
