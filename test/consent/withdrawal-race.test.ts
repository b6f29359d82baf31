// A person takes a yes back, over HTTP, while two gateways are being asked (attack A11).
import { expect, test } from 'vitest';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { settleEverywhere } from '../../src/disclosures/settle.ts';
import { createTestPeople } from '../support/people.ts';
import { addPartner, HERE, LEDGER_KEY, MAP, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const ROUNDS = 8;
const READS = 8;

const store = await openTestStore();
const gateways = [await openSharingGateway(store, { map: MAP }), await openSharingGateway(store, { map: MAP })];
const { key, application } = await addPartner(store, 'Bus Times');
for (const gateway of gateways) await gateway.followKeys();
const people = await createTestPeople(store, {
  masters: masterKeysOf([Buffer.alloc(32, 9)]),
  ledgerKey: LEDGER_KEY,
  settle: (seq) => settleEverywhere(store.pool, seq, () => performance.now()),
});
people.clock.nowMs = gateways[0].clock.nowMs;

test('nothing precise is told after a withdrawal is acknowledged, nor recorded after it, in any of two gateways', async () => {
  const url = `/v1/me/consents/${application}/${PURPOSE}`;
  let preciseBefore = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const gateway of gateways) gateway.clock.nowMs = people.clock.nowMs;
    const token = await people.register();
    const ask = async (n: number) => {
      const answer = await gateways[n % 2].ask({ key, device: token }, HERE);
      return answer.statusCode === 200 ? (answer.json().precision as string) : answer.statusCode;
    };
    const asks = () => Array.from({ length: READS }, (_, n) => ask(n));
    expect((await people.call('PUT', url, token, { precision: 'precise' })).status).toBe(200);
    const racing = asks();
    // In every other round the first is told before, however slow the machine is: the race has two sides.
    if (round % 2 === 1) await Promise.race(racing);
    const gone = await people.call('DELETE', url, token);
    const after = await Promise.all(asks());
    expect(new Set(after)).toEqual(new Set(['region']));
    preciseBefore += (await Promise.all(racing)).filter((one) => one === 'precise').length;

    expect(gone.status).toBe(200);
    const { rows } = await store.pool.query(
      `select count(*)::int as rounds, (select count(*)::int from ledger l where l.kind = $1 and l.seq > max(e.seq)
         and l.subject = (select subject from ledger where seq = max(e.seq))) as late
       from consent_events e where e.state = 'withdrawn'`,
      [KIND.precise],
    );
    expect(rows).toEqual([{ rounds: round + 1, late: 0 }]);
    people.clock.nowMs += 20 * 60_000;
  }
  expect(preciseBefore).toBeGreaterThan(0);
}, 60_000);
