// FF1 as NIST SP 800-38G writes it, step by step, with BigInt and one block at a time: the slow oracle of mac-cipher.ts.

import { createCipheriv } from 'node:crypto';

function aes(key: Uint8Array, block: Uint8Array): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

const xor = (a: Uint8Array, b: Uint8Array) => Buffer.from(a.map((byte, i) => byte ^ b[i]));

/** Algorithm 6: CBC-MAC. */
function prf(key: Uint8Array, data: Buffer): Buffer {
  let y = Buffer.alloc(16);
  for (let at = 0; at < data.length; at += 16) y = aes(key, xor(y, data.subarray(at, at + 16))) as Buffer<ArrayBuffer>;
  return y;
}

const numRadix = (digits: readonly number[], radix: number) =>
  digits.reduce((sum, digit) => sum * BigInt(radix) + BigInt(digit), 0n);

function strRadix(value: bigint, radix: number, length: number): number[] {
  const digits: number[] = [];
  for (let rest = value; digits.length < length; rest /= BigInt(radix)) digits.unshift(Number(rest % BigInt(radix)));
  return digits;
}

function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}

const mod = (a: number, m: number) => ((a % m) + m) % m;

/** Algorithm 7: FF1.Encrypt of digits. */
export function ff1Encrypt(key: Uint8Array, tweak: Uint8Array, radix: number, digits: readonly number[]): number[] {
  const n = digits.length;
  const t = tweak.length;
  const u = Math.floor(n / 2);
  const v = n - u;
  let [left, right] = [digits.slice(0, u), digits.slice(u)];
  const b = Math.ceil(Math.ceil(v * Math.log2(radix)) / 8);
  const d = 4 * Math.ceil(b / 4) + 4;
  const p = Buffer.alloc(16);
  p.set([1, 2, 1]);
  p.writeUIntBE(radix, 3, 3);
  p.set([10, u % 256], 6);
  p.writeUInt32BE(n, 8);
  p.writeUInt32BE(t, 12);
  for (let i = 0; i < 10; i++) {
    const pad = Buffer.alloc(mod(-t - b - 1, 16));
    const q = Buffer.concat([tweak, pad, Buffer.of(i), bytesOf(numRadix(right, radix), b)]);
    let s = prf(key, Buffer.concat([p, q]));
    const r = s;
    for (let j = 1; s.length < d; j++) s = Buffer.concat([s, aes(key, xor(r, bytesOf(BigInt(j), 16)))]);
    const y = BigInt(`0x${s.subarray(0, d).toString('hex')}`);
    const m = i % 2 === 0 ? u : v;
    const c = (numRadix(left, radix) + y) % BigInt(radix) ** BigInt(m);
    left = right;
    right = strRadix(c, radix, m);
  }
  return [...left, ...right];
}
