// Rule 7 of the design: two gateways, one store, reads all around a withdrawal. `npx node bench/revocation.ts` does this ten
// thousand times.
import { describe, expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { verify } from '../disclosures/ledger.ts';
import { addDevice, addPartner, HERE, MAP, openSharingGateway, setGrant } from '../support/sharing.ts';
import { ON_POSTGRES, openTestStore } from '../support/store.ts';

const ROUNDS = ON_POSTGRES ? 6 : 2;
const READS = 200;

const store = await openTestStore();
const clock = { nowMs: Date.UTC(2026, 10, 22, 12, 1) };
const gateways = [
  await openSharingGateway(store, { map: MAP, clock }),
  await openSharingGateway(store, { map: MAP, clock }),
];
const [{ inChain }] = gateways;
const { key, application } = await addPartner(store, 'Bus Times');
for (const gateway of gateways) await gateway.followKeys();

type Read = { readonly sentAfterAck: boolean; readonly precision: string | undefined };

describe('a withdrawal', () => {
  test('is never followed by a precise answer, on either gateway, whatever reads are under way', async () => {
    let shares = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const device = await addDevice(inChain, clock.nowMs);
      await setGrant(inChain, device, application, clock.nowMs);
      let isAcknowledged = false;
      const reads: Promise<Read>[] = [];
      const read = async (i: number): Promise<Read> => {
        const sentAfterAck = isAcknowledged;
        const answer = await gateways[i % 2].ask({ key, device: device.token }, HERE);
        expect(answer.statusCode).toBe(200);
        return { sentAfterAck, precision: answer.json().precision };
      };
      expect((await read(0)).precision).toBe('precise');
      shares++;
      let withdrawnSeq = 0;
      const withdrawal = (async () => {
        for (let i = 0; i < round; i++) await new Promise(setImmediate);
        withdrawnSeq = await setGrant(inChain, device, application, clock.nowMs, { state: 'withdrawn' });
        isAcknowledged = true;
      })();
      for (let i = 0; i < READS; i++) {
        reads.push(read(i));
        if (i % 10 === 0) await new Promise(setImmediate);
      }
      await withdrawal;
      reads.push(...Array.from({ length: 20 }, (_, i) => read(i)));
      const done = await Promise.all(reads);
      expect(done.filter((one) => one.sentAfterAck && one.precision === 'precise')).toEqual([]);
      expect(done.filter((one) => one.sentAfterAck).length).toBeGreaterThanOrEqual(20);
      shares += done.filter((one) => one.precision === 'precise').length;
      const { rows } = await store.pool.query('select count(*)::int as n from ledger where kind = $1 and seq > $2', [
        KIND.precise,
        withdrawnSeq,
      ]);
      expect(rows).toEqual([{ n: 0 }]);
    }
    const { rows } = await store.pool.query('select count(*)::int as n from ledger where kind = $1', [KIND.precise]);
    expect(rows).toEqual([{ n: shares }]);
    expect((await verify(store.pool)).broken).toBeNull();
  });

  test('of a region by refusing it is in force on both gateways, which remembered it', async () => {
    const device = await addDevice(inChain, clock.nowMs);
    const ask = () => Promise.all(gateways.map((gateway) => gateway.ask({ key, device: device.token }, HERE)));
    expect((await ask()).map((answer) => answer.statusCode)).toEqual([200, 200]);
    const { rows } = await store.pool.query('select count(*)::int as n from ledger where kind = $1', [KIND.region]);
    expect((await ask()).map((answer) => answer.statusCode)).toEqual([200, 200]);
    await setGrant(inChain, device, application, clock.nowMs, { state: 'refused', precision: 0 });
    expect((await ask()).map((answer) => answer.statusCode)).toEqual([404, 404]);
    const after = await store.pool.query('select count(*)::int as n from ledger where kind = $1', [KIND.region]);
    expect(after.rows).toEqual(rows);
  });
});

describe('a gateway that lost its feed of changes, but not the store', () => {
  test('takes nothing from memory: to it everybody is silent until the store has said otherwise, in every answer', async () => {
    const lost = await openSharingGateway(store, { map: MAP, clock });
    const [coarse, precise] = [await addDevice(inChain, clock.nowMs), await addDevice(inChain, clock.nowMs)];
    await setGrant(inChain, precise, application, clock.nowMs);
    const ask = async ({ token }: { token: string }) => {
      const answer = await lost.ask({ key, device: token }, HERE);
      return answer.statusCode === 200 ? answer.json().precision : answer.statusCode;
    };
    expect([await ask(coarse), await ask(precise)]).toEqual(['region', 'precise']);
    await lost.replica?.stop();
    // Nobody waits for it any more, and it hears of nothing.
    await setGrant(inChain, coarse, application, clock.nowMs, { state: 'refused', precision: 0 });
    await setGrant(inChain, precise, application, clock.nowMs, { state: 'withdrawn' });
    expect([await ask(coarse), await ask(precise)]).toEqual([404, 'region']);
    await setGrant(inChain, precise, application, clock.nowMs, { state: 'refused', precision: 0 });
    expect(await ask(precise)).toBe(404);
    await lost.close();
  });
});

describe('a gateway without a store', () => {
  test('repeats regions while its lease lives, then says of everybody that it cannot say, never that nobody is there; and never a precise place', async () => {
    const ahead = { ms: 0 };
    const clocks = { monotonicMs: () => performance.now() + ahead.ms, wallMs: () => Date.now() + ahead.ms };
    const cut = await openSharingGateway(store, { map: MAP, clock, clocks });
    const [coarse, precise] = [await addDevice(inChain, clock.nowMs), await addDevice(inChain, clock.nowMs)];
    await setGrant(inChain, precise, application, clock.nowMs);
    const refused = await addDevice(inChain, clock.nowMs);
    await setGrant(inChain, refused, application, clock.nowMs, { state: 'refused', precision: 0 });
    const ask = async ({ token }: { token: string }) => {
      const answer = await cut.ask({ key, device: token }, HERE);
      return answer.statusCode === 200 ? answer.json().precision : answer.statusCode;
    };
    expect([await ask(coarse), await ask(precise), await ask(refused)]).toEqual(['region', 'precise', 404]);
    await cut.cutStore();
    expect([await ask(coarse), await ask(precise), await ask(refused)]).toEqual(['region', 503, 503]);
    ahead.ms = 3_000;
    expect([await ask(coarse), await ask(precise), await ask(refused)]).toEqual([503, 503, 503]);
    const { statusCode, headers } = await cut.ask({ key }, HERE);
    expect([statusCode, headers['retry-after']]).toEqual([503, '10']);
  });
});
