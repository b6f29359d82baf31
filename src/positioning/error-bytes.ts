// The error record as bytes for the store, little-endian, versioned by the first byte; of the counts only those above zero.
// Promises: decode(encode(x)) is x; bytes of another version, cut ones or ones with entries that can't be are a RangeError.
import { CALIBRATION_VERSION, ERROR_CLASSES } from './calibration.ts';
import { BINS, createErrorRecord, type ErrorRecord, MOST_OF_FLEET } from './error-record.ts';

/** Version of the factors that the counts are over and of this layout, day, days, hands, counts. */
const HEADER_BYTES = 11;
const HAND_BYTES = 10;
const COUNT_BYTES = 6;
/** Stands for FLEET among tags of 32 bits. */
const FLEET_TAG = 0xffff_ffff;

export function encodeErrorRecord({ day, days, hands, kept, corrections }: ErrorRecord): Buffer {
  const counted = [...kept.keys()].filter((entry) => kept[entry] > 0);
  const sampled = hands.reduce((sum, { sample }) => sum + sample.length, 0);
  const handBytes = hands.length * HAND_BYTES + sampled * 2;
  const bytes = Buffer.alloc(HEADER_BYTES + corrections.length * 4 + handBytes + counted.length * COUNT_BYTES);
  bytes[0] = CALIBRATION_VERSION;
  bytes.writeUInt32LE(day, 1);
  bytes.writeUInt16LE(days, 5);
  bytes.writeUInt16LE(hands.length, 7);
  bytes.writeUInt16LE(counted.length, 9);
  let at = HEADER_BYTES;
  for (const factor of corrections) at = bytes.writeFloatLE(factor, at);
  for (const { tag, seen, sample } of hands) {
    at = bytes.writeUInt32LE(tag < 0 ? FLEET_TAG : tag, at);
    at = bytes.writeUInt32LE(Math.min(seen, 0xffff_ffff), at);
    at = bytes.writeUInt16LE(sample.length, at);
    for (const entry of sample) at = bytes.writeUInt16LE(entry, at);
  }
  for (const entry of counted) {
    at = bytes.writeUInt16LE(entry, at);
    at = bytes.writeFloatLE(kept[entry], at);
  }
  return bytes;
}

/** Throws a RangeError if the bytes are not a record. */
export function decodeErrorRecord(bytes: Buffer): ErrorRecord {
  if (bytes[0] !== CALIBRATION_VERSION) throw new RangeError('error record of another version');
  const record = createErrorRecord();
  record.day = bytes.readUInt32LE(1);
  record.days = bytes.readUInt16LE(5);
  let at = HEADER_BYTES;
  for (let c = 0; c < ERROR_CLASSES; c++, at += 4) record.corrections[c] = bytes.readFloatLE(at);
  for (let h = bytes.readUInt16LE(7); h > 0; h--) {
    const [tag, seen, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.readUInt16LE(at + 8)];
    at += HAND_BYTES;
    if (length > MOST_OF_FLEET) throw new RangeError('error record with a sample that is too long');
    const sample = Array.from({ length }, (_, i) => entryAt(bytes, at + 2 * i));
    record.hands.push({ tag: tag === FLEET_TAG ? -1 : tag, seen, sample });
    at += 2 * length;
  }
  for (let c = bytes.readUInt16LE(9); c > 0; c--, at += COUNT_BYTES) {
    record.kept[entryAt(bytes, at)] = bytes.readFloatLE(at + 2);
  }
  if (at !== bytes.length) throw new RangeError('error record of a wrong length');
  return record;
}

function entryAt(bytes: Buffer, at: number): number {
  const entry = bytes.readUInt16LE(at);
  if (entry >= ERROR_CLASSES * BINS) throw new RangeError('error record with an entry that can not be');
  return entry;
}
