import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { Client } from '../../src/storage/client.ts';
import { openGate } from '../../src/storage/embedded-gate.ts';
import { EMBEDDED_NAME } from '../../src/storage/prepared.ts';
import { transactAgain } from '../../src/storage/transaction.ts';
import { createFrames } from '../../src/storage/wire-frames.ts';
import { afterFile, ON_POSTGRES, testFolder } from '../support/store.ts';

describe('the frames of a client', () => {
  test('come out whole and in order however the bytes were cut', () => {
    const messages = Array.from({ length: 200 }, (_, i) => {
      const message = new Uint8Array(5 + ((i * 7919) % 3000)).fill(i);
      new DataView(message.buffer).setUint32(1, message.length - 1);
      return message;
    });
    const stream = Buffer.concat(messages);
    for (const step of [1, 3, 4096, stream.length]) {
      const frames = createFrames();
      const out: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += step) {
        frames.push(stream.subarray(at, at + step));
        for (let next = frames.next(true); next; next = frames.next(true)) out.push(next);
      }
      expect(out).toEqual(messages);
    }
  });

  test('of impossible length are refused, before memory is taken for them', () => {
    for (const length of [0, 3, 0xffff_ffff]) {
      const frames = createFrames();
      const head = Buffer.alloc(5, 0x51);
      head.writeUInt32BE(length, 1);
      frames.push(head);
      expect(() => frames.next(true)).toThrow(RangeError);
    }
  });
});

const IDLE_IN_TRANSACTION_MS = 1500;

describe.skipIf(ON_POSTGRES)('the gate of the embedded store', () => {
  let host: string;
  const us = { user: 'postgres', database: 'postgres', password: '', application_name: EMBEDDED_NAME };
  const client = async (): Promise<pg.Client> => {
    const made = new pg.Client({ ...us, host });
    made.on('error', () => {});
    await made.connect();
    afterFile(() => made.end().catch(() => {}));
    return made;
  };

  beforeAll(async () => {
    host = testFolder();
    const { cpSync } = await import('node:fs');
    cpSync(inject('embeddedTemplate'), join(host, 'pgdata'), { recursive: true });
    const db = await PGlite.create(join(host, 'pgdata'));
    const onBroken = (error: unknown) => {
      throw error;
    };
    const gate = await openGate(db, join(host, '.s.PGSQL.5432'), onBroken, IDLE_IN_TRANSACTION_MS);
    afterFile(async () => {
      await gate.close();
      await db.close();
    });
    const setup = await client();
    await setup.query('create table t (i int primary key)');
  });

  test('never lets a small statement in between the pieces of a large one', async () => {
    const [large, ...small] = [await client(), await client(), await client()];
    const numbers = Array.from({ length: 20_000 }, (_, i) => i * 1000);
    let done = false;
    const chatter = small.map(async (one, k) => {
      for (let i = 0; !done; i++) {
        const { rows } = await one.query('select $1::text as word, $2::int as n', [`${k} ${i}`, i]);
        expect(rows).toEqual([{ word: `${k} ${i}`, n: i }]);
      }
    });
    for (let i = 0; i < 15; i++) {
      const { rows } = await large.query('select count(*)::int as n from unnest($1::int[], $2::int[])', [
        numbers,
        numbers,
      ]);
      expect(rows).toEqual([{ n: numbers.length }]);
    }
    done = true;
    await Promise.all(chatter);
  });

  test('keeps others out of a transaction, and rolls it back when its client vanishes', async () => {
    const [one, other] = [await client(), await client()];
    await one.query('begin');
    await one.query('insert into t values (1)');
    let answered = false;
    const waiting = other.query('select count(*)::int as n from t').then((result) => {
      answered = true;
      return result;
    });
    await one.query('insert into t values (2)');
    await sleep(50);
    expect(answered).toBe(false);
    (one as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect((await waiting).rows).toEqual([{ n: 0 }]);
  });

  test('cuts off who stays silent inside a transaction, which is rolled back', async () => {
    const [one, ...others] = [await client(), await client(), await client()];
    await one.query('begin');
    await one.query('insert into t values (3)');
    const waiting = others.map(async (other) => {
      await sleep(IDLE_IN_TRANSACTION_MS / 2); // must not buy the silent one more time
      return other.query('select count(*)::int as n from t where i = 3');
    });
    for (const { rows } of await Promise.all(waiting)) expect(rows).toEqual([{ n: 0 }]);
    await expect(one.query('commit')).rejects.toThrow();
    // Nor is whoever opens the next transaction cut off on account of the last.
    await others[0].query('begin');
    await sleep(IDLE_IN_TRANSACTION_MS * 0.8);
    await others[0].query('commit');
  });

  test('says so to whom it cuts off, as PostgreSQL does, and what was to be done is done the second time', async () => {
    const pool = new pg.Pool({ ...us, host, Client });
    pool.on('error', () => {});
    afterFile(() => pool.end());
    const codes: string[] = [];
    const kept = await transactAgain(pool, async (one) => {
      await one.query('insert into t values (4)');
      if (codes.length === 0) await sleep(IDLE_IN_TRANSACTION_MS * 1.5);
      try {
        return (await one.query('select count(*)::int as n from t where i = 4')).rows;
      } catch (error) {
        codes.push((error as { code: string }).code);
        throw error;
      }
    });
    expect([codes, kept]).toEqual([['25P03'], [{ n: 1 }]]);
  });

  test('survives errors, also inside a transaction that is then left', async () => {
    const [one, other] = [await client(), await client()];
    await expect(one.query('select 1 / $1::int', [0])).rejects.toThrow('division by zero');
    await one.query('begin');
    await expect(one.query('select nonsense')).rejects.toThrow('nonsense');
    await expect(one.query('select 1')).rejects.toThrow('aborted');
    await one.end();
    expect((await other.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  test('drops a statement whose client vanished before its Sync', async () => {
    const [one, other] = [await client(), await client()];
    const { connection } = one as unknown as {
      connection: Record<'parse' | 'bind' | 'execute', (config: object) => void> & { stream: { destroy(): void } };
    };
    connection.parse({ text: 'insert into t values (77)', name: '', types: [] });
    connection.bind({});
    connection.execute({});
    await sleep(50);
    connection.stream.destroy();
    expect((await other.query('select count(*)::int as n from t where i = 77')).rows).toEqual([{ n: 0 }]);
  });

  test('lets in nobody but Honeyguide, whose one session a pg_dump would leave without its tables', async () => {
    const one = await client();
    for (const application_name of ['pg_dump', 'honeyguide', undefined]) {
      const stranger = new pg.Client({ ...us, host, application_name });
      stranger.on('error', () => {});
      const asking = stranger.connect().then(() => stranger.query(`select set_config('search_path', '', false)`));
      const refusal = await asking.catch((error) => error);
      expect((await one.query('select count(*) from t')).rowCount).toBe(1);
      expect(refusal).toMatchObject({
        severity: 'FATAL',
        code: '0A000',
        message: expect.stringMatching(/copy DATA_DIR/),
      });
    }
  });

  test('hangs up on who does not speak the protocol, and serves the others on', async () => {
    for (const junk of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\0\0\0\0\0', '\xff'.repeat(100)]) {
      const socket = connect(join(host, '.s.PGSQL.5432'));
      socket.on('error', () => {});
      socket.write(junk, 'latin1');
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect((await (await client()).query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });
});
