// What one kind of evidence says: a point, how far off it may be, and how much it is believed. The common form that fuse.ts
// weighs. Reused for every request.

/**
 * `accuracyM` is a 95 % circle. `trust` compares sources that contradict each other: 1 is one well-known device's worth.
 * `found` false: the source says nothing and the rest is meaningless. `errorClass` and `uncorrectedM`, the circle before floor and
 * correction, are filled in by sources that calibration.ts rates (class -1: by none). `merged` is filled in by fuse.ts: bit i
 * is set if source i of those it was given is in the result. `ageMs` is how long ago what it rests on was heard (0 = now).
 */
export type Source = {
  found: boolean;
  lat: number;
  lon: number;
  accuracyM: number;
  trust: number;
  errorClass: number;
  uncorrectedM: number;
  merged: number;
  ageMs: number;
};

export function createSource(): Source {
  return { found: false, lat: 0, lon: 0, accuracyM: 0, trust: 0, errorClass: -1, uncorrectedM: 0, merged: 0, ageMs: 0 };
}
