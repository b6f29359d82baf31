// How PostgreSQL looks up what decisions stand on: by key, whatever it thinks of the tables' sizes.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { addDevice, addPartner, openSharingGateway, setGrant } from '../support/sharing.ts';
import { ON_POSTGRES, openTestStore } from '../support/store.ts';

test.runIf(ON_POSTGRES)('a batch reads the tokens it is about, and not all that are good', async () => {
  const store = await openTestStore();
  const gateway = await openSharingGateway(store);
  const { key, application } = await addPartner(store, 'Navi');
  await gateway.followKeys();
  const device = await addDevice(gateway.inChain, gateway.clock.nowMs);
  await setGrant(gateway.inChain, device, application, gateway.clock.nowMs);
  // A few thousand: more than a page of an index, few enough that reading all of them looks cheap for a batch of ten.
  const hashes = Array.from({ length: 3_000 }, () => randomBytes(32));
  await store.pool.query(
    `insert into device_tokens (token_hash, device, created_at, expires_at)
     select h, $2, $3::bigint, $3::bigint + 86400000 from unnest($1::bytea[]) h`,
    [hashes, device.id, gateway.clock.nowMs],
  );
  await store.pool.query('analyze device_tokens');
  const read = async () => {
    const { rows } = await store.pool.query(
      `select coalesce(sum(idx_tup_read), 0)::int as n from pg_stat_user_indexes where indexrelname = 'device_tokens_expires_idx'`,
    );
    return rows[0].n as number;
  };
  const before = await read();
  for (let round = 0; round < 12; round++) {
    const asked = Array.from({ length: 5 }, () =>
      gateway.ask({ key, device: device.token }, { position: { latitude: 52.09, longitude: 5.12, accuracy: 20 } }),
    );
    for (const answer of await Promise.all(asked)) expect(answer.json().precision).toBe('precise');
  }
  // What a connection has read is told when it ends.
  await gateway.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await read()) - before).toBeLessThan(3_000);
});
