import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { isReason } from '../../src/rights/staff.ts';

test('a reason says something and names nobody: what the audit chain says stays when they are erased', () => {
  const id = randomUUID();
  for (const good of ['mail of today', 'case 2026-11-29/4711 of the desk']) expect(isReason(good)).toBe(true);
  for (const bad of ['short', ' '.repeat(20), 'x'.repeat(201), undefined, `mail of today, device ${id}`])
    expect(isReason(bad)).toBe(false);
  for (const form of [id.toUpperCase(), id.replaceAll('-', ''), `hgt_${'aB3-'.repeat(10)}`])
    expect(isReason(`asked by ${form} today`)).toBe(false);
});
