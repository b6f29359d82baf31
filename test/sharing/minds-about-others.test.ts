// Attack: who holds a phone's token asks all the time, and sees by an answer that took as long as the store does that its person has just
// told somebody else yes or no; two who do so see it of their two tokens in the same moment, and know that they are one phone's.
import { expect, test } from 'vitest';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { addDevice, addPartner, HERE, MAP, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
const clock = { nowMs: Date.UTC(2026, 10, 22, 12, 1) };
const asker = await addPartner(store, 'Asks all the time');
const other = await addPartner(store, 'Somebody else');

test.each<[string, (consent: string) => ['PUT' | 'DELETE', string, object?]]>([
  ['yes', (consent) => ['PUT', consent, { precision: 'precise' }]],
  ['no', (consent) => ['PUT', consent, { precision: 'none' }]],
  ['never mind, after a no,', (consent) => ['DELETE', consent]],
])(
  'what one was told is told it again from memory when another was told %s, and the other nothing',
  async (_said, say) => {
    const asked = await openSharingGateway(store, { map: MAP, clock });
    const acting = await openSharingGateway(store, { map: MAP, clock, people: true });
    for (const gateway of [asked, acting]) await gateway.followKeys();
    const { token } = await addDevice(asked.inChain, clock.nowMs);
    const [method, url, body] = say(`/v1/me/consents/${other.application}/${PURPOSE}`);
    if (method === 'DELETE') await acting.call('PUT', url, token, { precision: 'none' });
    const tell = async ({ key }: typeof asker) => (await asked.ask({ key, device: token }, HERE)).statusCode;
    await tell(other);
    const before = await tell(asker);
    expect((await acting.call(method, url, token, body)).statusCode).toBe(200);
    // Without its store a gateway tells what it remembers, for as long as its lease.
    await asked.cutStore();
    expect([before, await tell(asker), await tell(other)]).toEqual([200, 200, 503]);
  },
);
