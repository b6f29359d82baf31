// Copies of one question in a batch: whoever sends two hundred may not learn from what they cost whose token it is (A12).
import { expect, test } from 'vitest';
import { openDevice } from '../../src/devices/profile.ts';
import { formatToken, hashToken } from '../../src/devices/token.ts';
import { CLOCKS } from '../../src/process/sharing.ts';
import { createLeaseMemory, openLeaseReader } from '../../src/sharing/lease-memory.ts';
import { createOpenedDevices } from '../../src/sharing/opened-devices.ts';
import { readStanding } from '../../src/sharing/subjects-store.ts';
import { addDevice, MASTERS, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const gateway = await openSharingGateway(store);

test('are read and opened once, each other question besides, and every one gets its own answer', async () => {
  const phones = [
    await addDevice(gateway.inChain, gateway.clock.nowMs),
    await addDevice(gateway.inChain, gateway.clock.nowMs),
  ];
  const nobody = formatToken(Buffer.alloc(32, 3));
  const named = (token: string, application = 'navi', purpose = PURPOSE) => ({
    ...{ tokenHash: hashToken(token), application, purpose },
  });
  const asks = [
    ...Array.from({ length: 50 }, () => named(phones[0].token)),
    named(phones[1].token),
    named(nobody),
    named(phones[0].token, 'weather'),
    named(phones[0].token),
    named(nobody),
  ];
  let opened = 0;
  const deps = {
    openDevice: (row: Parameters<typeof openDevice>[1]) => {
      opened++;
      return openDevice(MASTERS, row);
    },
    opened: createOpenedDevices(openLeaseReader(createLeaseMemory(CLOCKS), CLOCKS), () => 0),
    onDamaged: () => expect.unreachable(),
  };
  const client = await store.pool.connect();
  const { subjects } = await readStanding(deps, client, asks, gateway.clock.nowMs, true);
  client.release();
  expect(opened).toBe(3);
  const ids = subjects.map((subject) => (subject === null || subject === 'damaged' ? subject : subject.device.id));
  const [one, two] = phones.map(({ id }) => id);
  expect(ids).toEqual([...Array(50).fill(one), two, null, one, one, null]);
});
