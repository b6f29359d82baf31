// A store that is there and whose tables somebody holds: what those who ask about themselves wait at most.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadSecrets, secretsPath } from '../../src/config/secrets.ts';
import { openThreadPeople } from '../../src/process/people.ts';
import { transact } from '../../src/storage/transaction.ts';
import { afterFile, ON_POSTGRES, openTestStore, testFolder } from '../support/store.ts';

/** Of a connection and of a query, and what a busy machine adds. */
const AT_MOST_MS = 5_000 + 12_000 + 5_000;

test.runIf(ON_POSTGRES)(
  'behind locked tables as many as come have their refusal before clients give up, those without a connection first',
  async () => {
    const store = await openTestStore();
    const dataDir = testFolder();
    const secrets = loadSecrets({ dataDir }, randomBytes);
    const keys = { ...secrets, secretsPath: secretsPath({ dataDir }) };
    const { people, close } = await openThreadPeople(store.address, keys, 'nobody', { error() {} } as never);
    afterFile(close);
    const token = `hgt_${randomBytes(32).toString('base64url')}`;
    expect(await people.findSubject(token, Date.now())).toBe(null);
    await transact(store.pool, async (client) => {
      await client.query('lock table devices, device_tokens');
      const beganMs = performance.now();
      const asked = Array.from({ length: 14 }, async () => {
        const failure = await people.findSubject(token, Date.now()).catch((error: unknown) => error);
        return { failure, tookMs: performance.now() - beganMs };
      });
      for (const { failure, tookMs } of await Promise.all(asked)) {
        expect(failure).toMatchObject({ refusal: { kind: 'unavailable' } });
        expect(tookMs).toBeLessThan(AT_MOST_MS);
      }
    });
  },
);
