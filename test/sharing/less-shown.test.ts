// A decision that shows less than was asked for, or nothing, is a row with its reason: for the person and the operator, not for
// whoever asked.
import { describe, expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { addDevice, addPartner, HERE, MAP, openSharingGateway, setGrant } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const gateway = await openSharingGateway(store, { map: MAP });
const { clock, inChain, ask } = gateway;
const register = (profile = {}) => addDevice(inChain, clock.nowMs, profile);
const toldBy = (answer: Awaited<ReturnType<typeof ask>>) => answer.json().precision ?? answer.statusCode;

describe('what the ledger says of a decision that shows less', () => {
  const said = async (name: string) => {
    const { rows: found } = await store.pool.query(
      'select kind, precision, detail from ledger where application = $1 and kind in ($2, $3, $4) order by seq',
      [name, KIND.precise, KIND.region, KIND.refused],
    );
    return found;
  };
  const nothing = { kind: KIND.refused, precision: 0 };
  const region = { kind: KIND.region, precision: 1 };

  test('is why it was refused, which the partner cannot tell', async () => {
    const asking = await addPartner(store, 'Curious');
    await gateway.followKeys();
    const [refusing, restricted] = [await register(), await register()];
    await setGrant(inChain, refusing, asking.application, clock.nowMs, { state: 'refused', precision: 0 });
    await store.pool.query('update devices set flags = 1 where id = $1', [restricted.id]);
    const hidden = [await register({ ageBand: 'under13' }), refusing, restricted, await register({ sources: 0 })];
    for (const { token } of hidden) expect(toldBy(await ask({ key: asking.key, device: token }, HERE))).toBe(404);
    expect(await said(asking.application)).toEqual(
      ['child', 'refused', 'restricted', 'sourcesOff'].map((detail) => ({ ...nothing, detail })),
    );
  });

  test('is what of the partner is not set up, whatever it was granted', async () => {
    const unfinished = await addPartner(store, 'Unfinished', { policyUrl: null });
    const limited = await addPartner(store, 'Limited', { maxPrecision: 1 });
    const barred = await addPartner(store, 'Barred', { maxPrecision: 0 });
    await gateway.followKeys();
    const device = await register();
    const asked = async ({ key: by, application: name }: typeof unfinished) => {
      await setGrant(inChain, device, name, clock.nowMs);
      const answer = toldBy(await ask({ key: by, device: device.token }, HERE));
      return [answer, await said(name)];
    };
    expect(await asked(unfinished)).toEqual(['region', [{ ...region, detail: 'applicationInactive' }]]);
    expect(await asked(limited)).toEqual(['region', [{ ...region, detail: 'applicationLimit' }]]);
    expect(await asked(barred)).toEqual([404, [{ ...nothing, detail: 'purposeNotRegistered' }]]);
    expect((await ask({ key: limited.key, device: device.token, purpose: 'dpv:Advertising' }, HERE)).statusCode).toBe(
      403,
    );
    const row = { kind: KIND.refused, precision: null, detail: 'purposeNotRegistered' };
    await expect.poll(() => said(limited.application)).toEqual([expect.anything(), row]);
  });
});
