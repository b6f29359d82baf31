// The API description: valid, complete, and the one that is committed.
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { openApi } from '../../src/cli/generate.ts';
import { fixSourceOf } from '../../src/radio/fix-source.ts';
import { PROOF_ACTIONS } from '../../src/rights/proof.ts';

type Operation = {
  tags: string[];
  responses: Record<string, { headers?: object }>;
  requestBody?: { required: boolean };
  security?: object[];
};
type Description = {
  openapi: string;
  tags: { name: string }[];
  components: { securitySchemes: object };
  paths: Record<string, Record<string, Operation>>;
};

const description = (await openApi()) as Description;

test('is valid OpenAPI 3.0, without what 3.0 generators stumble over', async () => {
  const result = await new Validator().validate(description as unknown as Record<string, unknown>);
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
  expect(description.openapi).toBe('3.0.3');
  expect(JSON.stringify(description)).not.toMatch(/"type":\[|"const":|"\$id":/);
});

test('is the committed one', () => {
  expect(JSON.parse(readFileSync(new URL('../../schema/openapi.json', import.meta.url), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(description)),
  );
});

test("says of a position's source what look-ups and reports make of it", () => {
  const [refused, taken] = [/(?<=from )`query`.*(?=and the like)/, /`gps`.*(?=, nothing)/];
  const texts = JSON.stringify(description).match(/"what it rests on: [^"]*"/g) ?? [];
  expect(texts).toHaveLength(5);
  for (const text of texts) {
    const words = (part: RegExp) => text.match(part)![0].match(/\w+/g)!;
    expect(words(refused).map(fixSourceOf)).toEqual(Array(6).fill('query'));
    expect(words(taken).map(fixSourceOf)).not.toContain('query');
    expect(text).toContain('any other word');
    expect(fixSourceOf('survey')).toBe('gnss');
  }
});

test('describes every answer that a route can give', () => {
  for (const path of ['/v1/geolocate', '/v1/country']) {
    const { get, post } = description.paths[path];
    const forbidden = path === '/v1/geolocate' ? ['403'] : [];
    for (const operation of [get, post]) {
      expect(Object.keys(operation.responses)).toEqual(['200', '400', ...forbidden, '404', '413', '429', '500', '503']);
      expect(operation.security).toEqual([{ key: [] }]);
    }
    expect(post.requestBody).toMatchObject({ required: false });
  }
});

test('says of every route whose body is read, if only to drop it, that it may be too large, and of every path with names in it that it may be malformed', () => {
  let bodies = 0;
  for (const [path, operations] of Object.entries(description.paths))
    for (const [method, { responses, requestBody }] of Object.entries(operations)) {
      const readsBody = ['post', 'put', 'patch', 'delete'].includes(method);
      if (readsBody)
        expect([method, path, Object.keys(responses)]).toEqual([method, path, expect.arrayContaining(['413'])]);
      if (path.includes('{')) expect([path, Object.keys(responses)]).toEqual([path, expect.arrayContaining(['400'])]);
      if (requestBody?.required) bodies++;
    }
  expect(bodies).toBeGreaterThan(5);
});

test('says that a key of a native route goes into the URL or is sent as a bearer, and of no group of routes that it has not named', () => {
  for (const [path, method] of [
    ['/v1/devices', 'post'],
    ['/v1/partner/regions', 'get'],
    ['/v1/partner/notices', 'get'],
  ])
    expect([path, description.paths[path][method].security]).toEqual([path, [{ key: [] }, { keyAsBearer: [] }]]);
  const { tags, components } = description;
  const named = tags.map(({ name }) => name);
  for (const [path, operations] of Object.entries(description.paths))
    for (const operation of Object.values(operations)) {
      expect([path, named]).toEqual([path, expect.arrayContaining(operation.tags)]);
      for (const way of operation.security ?? [])
        expect(Object.keys(components.securitySchemes)).toEqual(expect.arrayContaining(Object.keys(way)));
    }
});

test('says of every refusal that passes when it does, of every 401 how to do better, and where the next page of counts is', () => {
  for (const [path, operations] of Object.entries(description.paths))
    for (const [method, { responses }] of Object.entries(operations))
      for (const [status, { headers = {} }] of Object.entries(responses)) {
        const where = [method, path, status];
        const passes = status === '429' || (status === '503' && path !== '/readyz');
        expect([...where, 'Retry-After' in headers]).toEqual([...where, passes]);
        expect([...where, 'WWW-Authenticate' in headers]).toEqual([...where, status === '401']);
        expect([...where, 'RateLimit' in headers]).toEqual([...where, true]);
      }
  expect(Object.keys(description.paths['/v1/partner/regions'].get.responses['200'].headers!)).toContain('Link');
});

test('says which action of a challenge is for which route that takes a proof', () => {
  const { requestBody } = description.paths['/v1/me/challenges'].post;
  const told = JSON.stringify(requestBody);
  for (const action of PROOF_ACTIONS) expect(told).toContain(`\`${action}\``);
});
