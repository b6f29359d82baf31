// What was heard of a station, as bytes for the store: 38 a tile, 8 a witness, little-endian, versioned by the first byte.
// Promises: decode(encode(x)) is x, but for the mean place of a tile (1e-7 degrees) and its weight (seven digits); bytes of
// another version or cut ones are a RangeError. Of version 1, which counted claimed days, the days are forgotten; version 2 did not
// note when the row was published, version 3 not whether it rides along, version 4 not how loud it was: that is taken for as loud as can be; version 5 not where, and
// what two vouched for. Judges nothing.
import type { Tile, Whereabouts } from './whereabouts.ts';
import type { Witness } from './witness.ts';

/** What the fold keeps of a station beside its row: times as epoch ms or null, `learnt` and `publishedAt` as in fold.ts. */
export type LearningState = {
  learnt: boolean;
  createdAt: number | null;
  publishedAt: number | null;
  whereabouts: Whereabouts;
};

const VERSION = 6;
const LEARNT = 1;
/** SQL that is true of a `state` of which nothing is proven: its station never answered by what was heard. */
export const IS_UNPROVEN = `case when length(state) > 1 then get_byte(state, 1) & ${LEARNT} = 0 else false end`;
/** Of each version. */
const HEADER_BYTES = { 1: 19, 2: 20, 3: 26, 4: 30, 5: 31, 6: 35 } as const;
const TILE_BYTES = { 1: 33, 2: 37, 3: 37, 4: 37, 5: 37, 6: 38 } as const;
const WITNESS_BYTES = { 1: 7, 2: 7, 3: 7, 4: 7, 5: 7, 6: 8 } as const;
type Version = keyof typeof HEADER_BYTES;
/** No access point is heard louder: what is not known to be louder than ever is not taken for it. */
const AS_LOUD_AS_CAN_BE_DBM = -1;
const DEGREES = 1e7;
/** Stands for an empty slot; a tag has 32 bits, so that this one is given up. */
const NO_TAG = 0xffff_ffff;

export function encodeLearning({ learnt, createdAt, publishedAt, whereabouts }: LearningState): Buffer {
  const { level, tiles, recent, firstDay, lastDay, lonely, strayFirst, strayLast, loudestDbm } = whereabouts;
  const { vouchedDbm, onceDbm, onceDay } = whereabouts;
  const length = HEADER_BYTES[VERSION] + tiles.length * TILE_BYTES[VERSION] + recent.length * WITNESS_BYTES[VERSION];
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = VERSION;
  bytes[1] = learnt ? LEARNT : 0;
  bytes.writeUIntLE(createdAt ?? 0, 2, 6);
  bytes[8] = level;
  bytes.writeInt32LE(firstDay, 9);
  bytes.writeInt32LE(lastDay, 13);
  bytes[17] = tiles.length;
  bytes[18] = recent.length;
  bytes[19] = lonely;
  bytes.writeUIntLE(publishedAt ?? 0, 20, 6);
  bytes.writeUInt16LE(strayFirst, 26);
  bytes.writeUInt16LE(strayLast, 28);
  bytes[30] = -loudestDbm;
  bytes[31] = -vouchedDbm;
  bytes[32] = -onceDbm;
  bytes.writeUInt16LE(onceDay, 33);
  let at: number = HEADER_BYTES[VERSION];
  for (const tile of tiles) at = writeTile(bytes, at, tile);
  for (const witness of recent) at = writeWitness(bytes, at, witness);
  return bytes;
}

/** Throws a RangeError if the bytes are not a state. */
export function decodeLearning(bytes: Buffer): LearningState {
  const version = versionOf(bytes);
  const [tileBytes, witnessBytes] = [TILE_BYTES[version], WITNESS_BYTES[version]];
  const headerBytes = HEADER_BYTES[version];
  const tilesEnd = headerBytes + bytes[17] * tileBytes;
  const end = tilesEnd + bytes[18] * witnessBytes;
  if (bytes.length !== end) throw new RangeError('learning state cut short');
  const tiles: Tile[] = [];
  for (let at = headerBytes; at < tilesEnd; at += tileBytes) tiles.push(readTile(bytes, at, version));
  const recent: Witness[] = [];
  for (let at = tilesEnd; at < end; at += witnessBytes) recent.push(readWitness(bytes, at, version));
  return {
    learnt: (bytes[1] & LEARNT) !== 0,
    createdAt: bytes.readUIntLE(2, 6) || null,
    publishedAt: version >= 3 ? bytes.readUIntLE(20, 6) || null : null,
    whereabouts: {
      level: bytes[8],
      tiles,
      recent,
      firstDay: bytes.readInt32LE(9),
      lastDay: bytes.readInt32LE(13),
      lonely: version >= 2 ? bytes[19] : 0,
      strayFirst: version >= 4 ? bytes.readUInt16LE(26) : 0,
      strayLast: version >= 4 ? bytes.readUInt16LE(28) : 0,
      loudestDbm: version >= 5 ? 0 - bytes[30] : AS_LOUD_AS_CAN_BE_DBM,
      vouchedDbm: version >= 6 ? 0 - bytes[31] : 0,
      onceDbm: version >= 6 ? 0 - bytes[32] : 0,
      onceDay: version >= 6 ? bytes.readUInt16LE(33) : 0,
    },
  };
}

function versionOf(bytes: Buffer): Version {
  const version = bytes[0];
  if (!Object.hasOwn(HEADER_BYTES, version)) throw new RangeError('learning state of another version');
  return version as Version;
}

function writeTile(bytes: Buffer, at: number, tile: Tile): number {
  bytes.writeUIntLE(tile.x, at, 3);
  bytes.writeUIntLE(tile.y, at + 3, 3);
  bytes.writeInt32LE(Math.round(tile.lat * DEGREES), at + 6);
  bytes.writeInt32LE(Math.round(tile.lon * DEGREES), at + 10);
  bytes.writeFloatLE(tile.weight, at + 14);
  bytes.writeUInt32LE(Math.min(tile.heard, 0xffff_ffff), at + 18);
  bytes.writeInt32LE(tile.days, at + 22);
  bytes.writeUInt16LE(tile.lastDay, at + 26);
  bytes.writeInt32LE(tile.seenBy, at + 28);
  bytes[at + 32] = tile.proof;
  bytes.writeUInt16LE(tile.firstHalf, at + 33);
  bytes.writeUInt16LE(tile.lastHalf, at + 35);
  bytes[at + 37] = -tile.loudDbm;
  return at + TILE_BYTES[VERSION];
}

/** Half days of a tile whose arrivals nobody noted: the next arrival is its first. */
const NO_HALF = { first: 0xffff, last: 0 } as const;

function readTile(bytes: Buffer, at: number, version: Version): Tile {
  const isOld = version === 1;
  return {
    x: bytes.readUIntLE(at, 3),
    y: bytes.readUIntLE(at + 3, 3),
    lat: bytes.readInt32LE(at + 6) / DEGREES,
    lon: bytes.readInt32LE(at + 10) / DEGREES,
    weight: bytes.readFloatLE(at + 14),
    heard: bytes.readUInt32LE(at + 18),
    days: isOld ? 0 : bytes.readInt32LE(at + 22),
    lastDay: bytes.readUInt16LE(at + 26),
    seenBy: bytes.readInt32LE(at + 28),
    proof: bytes[at + 32],
    firstHalf: isOld ? NO_HALF.first : bytes.readUInt16LE(at + 33),
    lastHalf: isOld ? NO_HALF.last : bytes.readUInt16LE(at + 35),
    loudDbm: version >= 6 ? 0 - bytes[at + 37] : 0,
  };
}

function writeWitness(bytes: Buffer, at: number, { day, tag, spent, loudDbm }: Witness): number {
  bytes.writeUInt16LE(day, at);
  bytes.writeUInt32LE(tag < 0 ? NO_TAG : tag, at + 2);
  bytes[at + 6] = spent;
  bytes[at + 7] = -loudDbm;
  return at + WITNESS_BYTES[VERSION];
}

function readWitness(bytes: Buffer, at: number, version: Version): Witness {
  const tag = bytes.readUInt32LE(at + 2);
  const loudDbm = version >= 6 ? 0 - bytes[at + 7] : 0;
  return { day: bytes.readUInt16LE(at), tag: tag === NO_TAG ? -1 : tag, spent: bytes[at + 6], loudDbm };
}
