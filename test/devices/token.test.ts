import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  deviceNamed,
  formatApplicationToken,
  formatToken,
  hashToken,
  isApplicationToken,
  isToken,
  isWireToken,
  TOKEN_RANDOM_BYTES,
} from '../../src/devices/token.ts';

test('a token carries all of its random bits and is known for one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: TOKEN_RANDOM_BYTES, maxLength: TOKEN_RANDOM_BYTES }), (bytes) => {
      const token = formatToken(bytes);
      expect(isToken(token)).toBe(true);
      expect([...Buffer.from(token.slice(4), 'base64url')]).toEqual([...bytes]);
      expect(deviceNamed(undefined, `Bearer ${token}`)).toBe(token);
    }),
  );
  expect(() => formatToken(Buffer.alloc(31))).toThrow(RangeError);
});

test('nothing else is taken for a token', () => {
  const token = formatToken(randomBytes(32));
  for (const other of [token.slice(1), `${token}A`, `${token}\n`, token.replace('hgt_', 'hgp_'), '', null, 7, [token]])
    expect(isToken(other)).toBe(false);
});

test('what speaks for a person is told apart from what is the device towards one application, without the store', () => {
  const [own, application] = [formatToken(randomBytes(32)), formatApplicationToken(randomBytes(32))];
  expect([isToken(own), isApplicationToken(own), isWireToken(own)]).toEqual([true, false, true]);
  expect([isToken(application), isApplicationToken(application), isWireToken(application)]).toEqual([
    false,
    true,
    true,
  ]);
  for (const other of [`${application}A`, application.slice(0, -1), 'hga_', null, [application]])
    expect([isApplicationToken(other), isWireToken(other)]).toEqual([false, false]);
});

test('a request names its phone by the parameter, or by a bearer of ours, however often it says the same', () => {
  const [token, other] = [formatToken(randomBytes(32)), formatApplicationToken(randomBytes(32))];
  for (const said of [token, [token, token], ['', token]])
    for (const header of [undefined, `Bearer ${token}`, 'Bearer hawk-id', `Basic ${other}`])
      expect(deviceNamed(said, header)).toBe(token);
  for (const nothing of [undefined, '', ['', '']]) {
    for (const header of [`Bearer ${other}`, `bearer  ${other}`, `BEARER ${other} `])
      expect(deviceNamed(nothing, header)).toBe(other);
    for (const header of [undefined, '', 'Bearer', 'Basic aGd0Xw==', 'Bearer hawk-id', `Bearer x${other}`])
      expect(deviceNamed(nothing, header)).toBe(null);
  }
});

test('a request that names one phone by the parameter and another by its bearer names neither', () => {
  const [token, other] = [formatToken(randomBytes(32)), formatApplicationToken(randomBytes(32))];
  for (const said of [token, [token, token], ['', token]])
    expect(isWireToken(deviceNamed(said, `Bearer ${other}`))).toBe(false);
});

test('what was meant to name a phone and can’t be a token is not taken for silence', () => {
  const token = formatToken(randomBytes(32));
  const mangled = [`${token} `, `${token}\n`, token.slice(0, -1), 'x', [token, 'x'], [token, `${token.slice(0, -1)}_`]];
  for (const said of mangled) {
    const named = deviceNamed(said, `Bearer ${token}`);
    expect([typeof named, isWireToken(named)]).toEqual(['string', false]);
  }
  for (const rest of [token.slice(0, -1), `${token}A`, `${token}, Bearer ${token}`, token.repeat(20)])
    expect(deviceNamed(undefined, `Bearer ${rest}`)).toBe(rest);
  for (const spelt of ['', 'Token ', 'Basic ', 'Bearer\t', 'Bearer "', 'Bearer Bearer ', 'Bearer key=']) {
    const header = spelt + token;
    const named = deviceNamed(undefined, header);
    expect([header, typeof named, isWireToken(named)]).toEqual([header, 'string', false]);
  }
});

test('what is kept of a token is a hash that differs with every character', () => {
  const token = formatToken(Buffer.alloc(32, 7));
  expect(hashToken(token)).toHaveLength(32);
  expect(hashToken(token).equals(hashToken(formatToken(Buffer.alloc(32, 8))))).toBe(false);
});

test('a token of an application names a device where partners ask, and is no device’s', () => {
  const token = formatApplicationToken(randomBytes(32));
  expect([isWireToken(token), deviceNamed(undefined, `Bearer ${token}`)]).toEqual([true, token]);
  expect(isToken(token)).toBe(false);
  expect(isWireToken(formatToken(randomBytes(32)))).toBe(true);
  for (const other of [token.slice(1), `${token}A`, token.replace('hga_', 'hgd_'), '', null, 7])
    expect(isWireToken(other)).toBe(false);
});
