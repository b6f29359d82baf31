// Columns of numbers as PostgreSQL's binary arrays, for `unnest($1::int4[], ...)`: a tenth of the work of array literals on
// both ends, and float8 travels bit by bit. Promises: NaN becomes NULL; values are truncated to the element type, so the
// caller has checked their ranges. The layout is array_recv's: dimensions, null flag, element OID, length, lower bound, items.

/** OID and size of an element (src/include/catalog/pg_type.dat). */
const ELEMENT = {
  int2: { oid: 21, bytes: 2 },
  int4: { oid: 23, bytes: 4 },
  int8: { oid: 20, bytes: 8 },
  float8: { oid: 701, bytes: 8 },
} as const;
export type ElementType = keyof typeof ELEMENT;
const HEADER_BYTES = 20;

/**
 * `values[order[0 .. count-1]]` as a parameter for pg (a Buffer is sent in binary), or null if all of them are NaN: unnest
 * fills what a missing array lacks with NULL. int8 is exact up to 2^53.
 */
export function binaryArray(
  type: ElementType,
  values: Float64Array,
  order: ArrayLike<number>,
  count: number,
): Buffer | null {
  const { oid, bytes } = ELEMENT[type];
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + count * (4 + bytes));
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  let at = HEADER_BYTES;
  let nulls = 0;
  for (let i = 0; i < count; i++) {
    const value = values[order[i]];
    if (Number.isNaN(value)) {
      view.setInt32(at, -1);
      at += 4;
      nulls++;
      continue;
    }
    view.setInt32(at, bytes);
    at += 4;
    if (type === 'float8') view.setFloat64(at, value);
    else if (type === 'int4') view.setInt32(at, value);
    else if (type === 'int2') view.setInt16(at, value);
    else {
      view.setInt32(at, Math.floor(value / 0x1_0000_0000));
      view.setUint32(at + 4, value % 0x1_0000_0000);
    }
    at += bytes;
  }
  if (nulls === count) return null;
  view.setInt32(0, 1);
  view.setInt32(4, nulls > 0 ? 1 : 0);
  view.setInt32(8, oid);
  view.setInt32(12, count);
  view.setInt32(16, 1);
  return buffer.subarray(0, at);
}

/** Byte strings as a parameter for `$1::bytea[]` or, 16 bytes each, `$1::uuid[]`. At least one; null becomes NULL. */
export function binaryBytes(type: 'bytea' | 'uuid', values: readonly (Uint8Array | null)[]): Buffer {
  let size = HEADER_BYTES;
  for (const value of values) size += 4 + (value?.length ?? 0);
  const buffer = startArray(size, type === 'uuid' ? 2950 : 17, values.length);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = writeNull(buffer, at);
      continue;
    }
    buffer.writeInt32BE(value.length, at);
    buffer.set(value, at + 4);
    at += 4 + value.length;
  }
  return buffer;
}

/** Strings as a parameter for `$1::text[]`. At least one; null becomes NULL. */
export function binaryTexts(values: readonly (string | null)[]): Buffer {
  let size = HEADER_BYTES;
  for (const value of values) size += 4 + MAX_UTF8_BYTES * (value?.length ?? 0);
  const buffer = startArray(size, 25, values.length);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = writeNull(buffer, at);
      continue;
    }
    const length = buffer.write(value, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + length;
  }
  return buffer.subarray(0, at);
}

/** Of one UTF-16 unit. */
const MAX_UTF8_BYTES = 3;

/** An array of one dimension, without its items. */
function startArray(size: number, oid: number, count: number): Buffer {
  const buffer = Buffer.allocUnsafe(size);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(0, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

/** Where the next item goes. */
function writeNull(buffer: Buffer, at: number): number {
  buffer.writeInt32BE(1, 4);
  return buffer.writeInt32BE(-1, at);
}
