// The rows of the privacy table: what is measured, in which unit, and the goal set for Honeyguide before it was measured.
// Attack numbers and goals are those of the adversary list; a row without a goal is there to compare.

export type Unit = 'share' | 'ratio' | 'm' | 'km2' | 'count';
export type Goal = { readonly least: number } | { readonly most: number };
export type Row = { readonly id: string; readonly label: string; readonly unit: Unit; readonly goal?: Goal };

export const ROWS: readonly Row[] = [
  { id: 'A1.hour', label: 'A1 averaging, an hour: error left', unit: 'ratio', goal: { least: 0.98 } },
  { id: 'A1.year', label: 'A1 averaging, a year: error left', unit: 'ratio', goal: { least: 0.98 } },
  { id: 'A1.yearM', label: 'A1 averaging, a year: error', unit: 'm' },
  { id: 'A1.areaP50', label: 'A1 averaging, a year: area left, p50', unit: 'ratio', goal: { least: 0.95 } },
  { id: 'A1.areaP5', label: 'A1 averaging, a year: area left, p5', unit: 'ratio' },
  { id: 'A2.walkP50', label: 'A2 crossing on foot: area left, p50', unit: 'ratio', goal: { least: 0.3 } },
  { id: 'A2.walkP5', label: 'A2 crossing on foot: area left, p5', unit: 'ratio', goal: { least: 0.1 } },
  { id: 'A2.busP50', label: 'A2 crossing by bus: area left, p50', unit: 'ratio', goal: { least: 0.3 } },
  { id: 'A2.busP5', label: 'A2 crossing by bus: area left, p5', unit: 'ratio', goal: { least: 0.1 } },
  { id: 'A2.edgeP50', label: 'A2 living on a border, 4 weeks: area left, p50', unit: 'ratio' },
  { id: 'A2.edgeP5', label: 'A2 living on a border, 4 weeks: area left, p5', unit: 'ratio', goal: { least: 0.1 } },
  { id: 'A2.commuteP50', label: 'A2 known commute, 60 times: length left, p50', unit: 'ratio' },
  { id: 'A2.commuteP5', label: 'A2 known commute, 60 times: length left, p5', unit: 'ratio', goal: { least: 0.08 } },
  { id: 'A3.dense', label: 'A3 two views together, dense: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A3.sparse', label: 'A3 two views together, sparse: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A7.denseM', label: 'A7 home, dense: median error', unit: 'm' },
  { id: 'A7.dense200', label: 'A7 home, dense: found within 200 m', unit: 'share', goal: { most: 0.015 } },
  { id: 'A7.sparse200', label: 'A7 home, sparse: found within 200 m', unit: 'share' },
  { id: 'A7.denseK', label: 'A7 home, dense: K residents share the answer', unit: 'share', goal: { least: 1 } },
  { id: 'A7.sparseK', label: 'A7 home, sparse: K residents share the answer', unit: 'share', goal: { least: 1 } },
  { id: 'A8.dense', label: 'A8 singling out, dense: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A8.sparse', label: 'A8 singling out, sparse: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A8.suppressed', label: 'A8 sparse: people told nothing', unit: 'share', goal: { most: 0.001 } },
  { id: 'U.areaP50', label: 'area told, dense, p50', unit: 'km2' },
  { id: 'U.areaP90', label: 'area told, dense, p90', unit: 'km2' },
  { id: 'U.sparseP50', label: 'area told, sparse, p50', unit: 'km2' },
  { id: 'U.sparseP90', label: 'area told, sparse, p90', unit: 'km2' },
  { id: 'U.contains', label: 'person inside the reported circle', unit: 'share', goal: { least: 0.97 } },
  { id: 'U.answered', label: 'answered, dense', unit: 'share' },
  { id: 'U.heldBack', label: 'answers a fresh phone would not get', unit: 'share' },
];

/** True where there is no goal. */
export function meets(value: number, goal: Goal | undefined): boolean {
  if (goal === undefined) return true;
  return 'least' in goal ? value >= goal.least : value <= goal.most;
}

export function formatGoal(goal: Goal | undefined, unit: Unit): string {
  if (goal === undefined) return '';
  return 'least' in goal ? `>= ${formatValue(goal.least, unit)}` : `<= ${formatValue(goal.most, unit)}`;
}

export function formatValue(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return '–';
  switch (unit) {
    case 'share':
      return `${digits(100 * value)} %`;
    case 'm':
      return `${digits(value)} m`;
    case 'km2':
      return `${digits(value)} km²`;
    default:
      return digits(value);
  }
}

/** Three significant digits at most, no exponent. */
function digits(value: number): string {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(4, Math.max(0, 2 - size)));
}
