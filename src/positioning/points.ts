// Points that stand for what a phone hears, as columns on a flat map: the common form in which clusters are found and
// positions solved, for access points, beacons and cells alike. Reused for every request; a thread owns one set a source.

/**
 * `x`, `y` metres on the plane; `sigmaM` how far the phone may be from the point (one axis, one sigma), whatever the signal;
 * `pull` how much more (over 1) or less a strength speaks for being near; `trust` in (0, 1]; `device` the number of the
 * physical transmitter; `prior` what other sources say for this place. Filled by cluster.ts: `density`, `company` (1 if another
 * device stands near), `member` (1 if in the chosen cluster); by solve.ts: `weight`.
 */
export type Points = {
  count: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly sigmaM: Float64Array;
  readonly pull: Float64Array;
  readonly trust: Float64Array;
  readonly device: Int16Array;
  readonly prior: Float64Array;
  readonly weight: Float64Array;
  readonly density: Float64Array;
  readonly company: Uint8Array;
  readonly member: Uint8Array;
};

export function createPoints(slots: number): Points {
  return {
    count: 0,
    x: new Float64Array(slots),
    y: new Float64Array(slots),
    sigmaM: new Float64Array(slots),
    pull: new Float64Array(slots),
    trust: new Float64Array(slots),
    device: new Int16Array(slots),
    prior: new Float64Array(slots),
    weight: new Float64Array(slots),
    density: new Float64Array(slots),
    company: new Uint8Array(slots),
    member: new Uint8Array(slots),
  };
}
