// The stations of the torn-read test: some that flip between two places at the ends of the Earth, every field different,
// and some that come and go. All numbers survive the index exactly.
export const FLIPPED = 24;
export const PASSING = 40_000;

export function flippedMac(i: number): number {
  return i * 0x1_0000_0001 + 1;
}

export function passingMac(i: number): number {
  return 0x8000_0000_0000 + i * 65_537;
}

export function flippedState(i: number, side: number) {
  return side === 0
    ? { lat: 60 + i / 8, lon: 170 + i / 8, radiusM: 200, samples: 3, lastSeenDay: 20_000, flags: 1, detail: 5 }
    : {
        lat: -60 - i / 8,
        lon: -170 - i / 8,
        radiusM: 32_768,
        samples: 17,
        lastSeenDay: 12_345,
        flags: 6,
        detail: 1000,
      };
}

export function passingState(i: number) {
  const deg = (i % 8_000) / 128;
  return {
    lat: deg,
    lon: -deg,
    radiusM: i % 256,
    samples: i % 21,
    lastSeenDay: i % 32_768,
    flags: i % 8,
    detail: i % 1000,
  };
}
