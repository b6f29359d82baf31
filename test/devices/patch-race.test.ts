// Two changes of one profile at the same time: the later one is made on what the earlier one left, whatever it was read as before.
import { expect, test, vi } from 'vitest';
import { createTestPeople } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const { call, prove, register, people } = await createTestPeople(await openTestStore());

test('a source that is switched off while it is being switched on is off, and what else was said with it is kept', async () => {
  const token = await register({ ageBand: '18plus', jurisdiction: 'NL', sources: { wifi: false } });
  const proof = await prove(token, 'profile');
  const { note } = people.devices;
  const changes = vi.spyOn(people.devices, 'change');
  const spy = vi.spyOn(people.devices, 'note').mockImplementationOnce(async (id, edit) => {
    // Between reading the profile, in which it was off already, and locking it.
    expect((await call('PATCH', '/v1/me', token, { sources: { wifi: true } }, proof)).status).toBe(200);
    return await note(id, edit);
  });
  const change = { sources: { wifi: false }, acceptedPolicy: '2017-06-30' };
  const { status, body } = await call('PATCH', '/v1/me', token, change);
  spy.mockRestore();
  expect([status, body]).toMatchObject([200, change]);
  // Both in the ledger's order, so that every replica hears of both.
  expect(changes).toHaveBeenCalledTimes(2);
  changes.mockRestore();
  expect((await call('GET', '/v1/me', token)).body).toMatchObject(change);
});

test('changes that decide are made on what is true under the lock: of two both are kept, and a child made meanwhile stays one', async () => {
  const token = await register({ ageBand: '16to17', jurisdiction: 'NL' });
  const proof = await prove(token, 'profile');
  const { change } = people.devices;
  /** One change while another, which was read before it, is on its way to the lock. */
  async function during(meanwhile: object, body: object, proof?: string) {
    const spy = vi.spyOn(people.devices, 'change').mockImplementationOnce(async (...asked) => {
      expect((await call('PATCH', '/v1/me', token, meanwhile)).status).toBe(200);
      return await change(...asked);
    });
    const answer = await call('PATCH', '/v1/me', token, body, proof);
    spy.mockRestore();
    return answer;
  }
  expect((await during({ sources: { gps: false } }, { sources: { cell: false } })).status).toBe(200);
  const { sources } = (await call('GET', '/v1/me', token)).body as { sources: Record<string, boolean> };
  expect(sources).toEqual({ gps: false, cell: false, wifi: true, bluetooth: true, ip: true });
  const older = await during({ ageBand: 'under13' }, { ageBand: '18plus' }, proof);
  expect([older.status, older.body]).toMatchObject([403, { type: '/problems/age-needs-operator' }]);
  expect((await call('GET', '/v1/me', token)).body).toMatchObject({ ageBand: 'under13', needsParent: true });
});
