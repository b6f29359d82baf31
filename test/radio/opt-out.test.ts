import { expect, test } from 'vitest';
import { isOptedOut, isRefusal } from '../../src/radio/opt-out.ts';

test('an owner who asks in the name is heard; a name that was not sent asks nothing', () => {
  expect(['home_nomap', 'Home_NOMAP', 'x_optout', 'x_optout_nomap', '', '\0\0'].map(isOptedOut)).toEqual(
    Array(6).fill(true),
  );
  for (const asks of [isOptedOut, isRefusal])
    expect(['home', 'nomap', '_nomap_not', undefined, null, 7].map(asks)).toEqual(Array(6).fill(false));
});

test.each([
  'x_nomap',
  '"x_nomap"',
  'x_nomap\0\0',
  'x_nomap ',
  ' "x_NoMap"\0',
  '"x_nomap\t"',
  '\u00a0x_nomap\u3000',
  '"my_optout_net"',
  'x_nomap\\x00\\x00',
  '"x_nomap',
  '"x_nomap\\x20"',
])('the name %j says no, however a client wraps it', (name) => {
  expect([isOptedOut(name), isRefusal(name)]).toEqual([true, true]);
});

test.each(['', '\0', '""', '"\0\0"', '  ', '" "\0', '\\x00\\x00\\x00', '"\\x00"'])(
  'the name %j is hidden, and nobody says no in it',
  (name) => {
    expect([isOptedOut(name), isRefusal(name)]).toEqual([true, false]);
  },
);

test.each(['"', '"""', '""x_nomap""', 'x_nomap"', '"cafe"', ' cafe ', 'caf\\xc3\\xa9', 'x_nomap\\x00y', '\\'])(
  "the name %j is only a name: one pair of quotes is the client's",
  (name) => {
    expect([isOptedOut(name), isRefusal(name)]).toEqual([false, false]);
  },
);
