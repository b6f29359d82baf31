import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isContact,
  isController,
  isPolicyUrl,
  isRecipientId,
  recipientOf,
  slugOf,
} from '../../src/partners/recipient.ts';

const ROW = {
  application: 'weather',
  partner: 'weathervane',
  role: 'vendor',
  purposes: ['dpv:ServiceProvision'],
  maxPrecision: 2,
  policyUrl: 'https://weathervane.example/privacy',
  contact: 'privacy@weathervane.example',
  controller: 'Weathervane BV, Dom 1, Utrecht',
  adFunded: false,
  applicationSuspendedAt: null,
  partnerSuspendedAt: null,
};

describe('a recipient', () => {
  test('is active only with policy, contact and controller, each of them', () => {
    expect(recipientOf(ROW)).toMatchObject({ active: true, suspended: false });
    for (const missing of ['policyUrl', 'contact', 'controller']) {
      for (const nothing of [null, '']) expect(recipientOf({ ...ROW, [missing]: nothing }).active).toBe(false);
    }
  });

  test('is suspended with its application or with its partner', () => {
    expect(recipientOf({ ...ROW, applicationSuspendedAt: 5 }).suspended).toBe(true);
    expect(recipientOf({ ...ROW, partnerSuspendedAt: 5 }).suspended).toBe(true);
  });

  test('gets an id that its name suggests, whatever the name', () => {
    expect(['Café Ürban!', 'Parcel  Pigeon', '電話', '-'].map(slugOf)).toEqual([
      'cafe-urban',
      'parcel-pigeon',
      'app',
      'app',
    ]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => {
        expect(isRecipientId(slugOf(name))).toBe(true);
        expect(isRecipientId(`${slugOf(name)}-1000`)).toBe(true);
      }),
    );
  });

  test('has an id that needs no escaping anywhere', () => {
    for (const bad of ['', 'A', 'a b', 'a/b', '-a', 'a-', 'a--b', 'é', 'x'.repeat(65), 'a\n'])
      expect(isRecipientId(bad)).toBe(false);
  });

  test('names a policy over https, a way to write, and a controller on one line', () => {
    expect(['https://a.example/p', 'http://a.example', 'javascript:1', 'a', ''].map(isPolicyUrl)).toEqual([
      true,
      ...Array(4).fill(false),
    ]);
    expect(['a@b.example', 'https://a.example', 'a@b', 'a b@c.example', ''].map(isContact)).toEqual([
      ...[true, true],
      ...Array(3).fill(false),
    ]);
    expect(['A BV, Dom 1', ' ', 'a\nb', 'x'.repeat(301)].map(isController)).toEqual([true, false, false, false]);
  });
});
