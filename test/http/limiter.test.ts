import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { createChangeLimit, createFailureLimit, limitScope } from '../../src/http/limiter.ts';

const DEPS = { addressKey: new Uint8Array(32) };
const HOME = '192.0.2.1';

describe('changes of one phone', () => {
  /** Asks `times` times whether they were too many; the answers. */
  async function open() {
    const app = Fastify();
    await createFailureLimit(app, DEPS);
    const tooOften = createChangeLimit(app, DEPS, {
      nameOf: ({ headers }) => String(headers.phone),
      isProven: ({ headers }) => headers.proof !== undefined,
    });
    app.post('/', async (request) => tooOften(request));
    return async (times: number, phone: string, remoteAddress: string, proof?: string) => {
      const headers = { phone, ...(proof === undefined ? {} : { proof }) };
      const answers: string[] = [];
      for (let i = 0; i < times; i++)
        answers.push((await app.inject({ method: 'POST', url: '/', headers, remoteAddress })).body);
      return answers;
    };
  }
  const no = (times: number) => Array<string>(times).fill('false');

  test('are thirty a minute from one address; a thief there does not use up what its owner may elsewhere', async () => {
    const change = await open();
    expect(await change(32, 'phone', HOME)).toEqual([...no(30), 'true', 'true']);
    expect(await change(30, 'phone', '198.51.100.1')).toEqual(no(30));
    expect(await change(30, 'another', HOME)).toEqual(no(30));
  });

  test('are three hundred from all addresses together, of which those that were refused are none', async () => {
    const change = await open();
    expect((await change(400, 'phone', HOME)).filter((one) => one === 'false')).toHaveLength(30);
    for (let n = 1; n < 10; n++) expect(await change(30, 'phone', `198.51.100.${n}`)).toEqual(no(30));
    expect(await change(1, 'phone', '203.0.113.1')).toEqual(['true']);
    expect(await change(1, 'another', '203.0.113.1')).toEqual(['false']);
  });

  test('are counted apart where they show that the phone is there, so that nobody else can use them up', async () => {
    const change = await open();
    for (let n = 0; n < 11; n++) await change(31, 'phone', `198.51.100.${n}`);
    expect(await change(31, 'phone', HOME, 'right')).toEqual([...no(30), 'true']);
    expect(await change(1, 'another', HOME)).toEqual(['false']);
  });
});

test('taking back is counted apart from all that others behind the same address ask for, however much that is', async () => {
  const app = Fastify();
  await app.register(async (scope) => {
    await limitScope(scope, { ...DEPS, othersPerMinute: 5 });
    scope.route({ method: ['GET', 'DELETE'], url: '/', handler: async () => 'done' });
  });
  const ask = async (method: 'GET' | 'DELETE') =>
    (await app.inject({ method, url: '/', remoteAddress: HOME })).statusCode;
  const asked = new Map<number, number>();
  for (let i = 0; i < 6_001; i++) {
    const status = await ask('GET');
    asked.set(status, (asked.get(status) ?? 0) + 1);
  }
  expect(asked.get(200)).toBe(5);
  expect(await ask('DELETE')).toBe(200);
});
