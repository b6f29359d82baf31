// The rows of the privacy table: what is measured, in which unit, and the goal set for Honeyguide before it was measured.
// Attack numbers and goals are those of the adversary list; a row without a goal is there to compare.

type Unit = 'share' | 'ratio' | 'm' | 'km2' | 'count';
type Goal = { readonly least: number } | { readonly most: number };
/** Rows stand in three tables: answers beside other mechanisms, counts beside plain suppression, and the gateway itself. */
export type Table = 'answers' | 'counts' | 'gateway';
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
  { id: 'A2.edgeP50', label: 'A2 living on a border, two weeks: area left, p50', unit: 'ratio' },
  { id: 'A2.edgeP5', label: 'A2 living on a border, two weeks: area left, p5', unit: 'ratio', goal: { least: 0.1 } },
  { id: 'A2.nearP5', label: 'A2 living within 700 m of one: area left, p5', unit: 'ratio' },
  { id: 'A2.seldomP50', label: 'A2 on a border, asked every 25 h for a year: area left, p50', unit: 'ratio' },
  {
    id: 'A2.seldomP5',
    label: 'A2 on a border, asked every 25 h for a year: area left, p5',
    unit: 'ratio',
    goal: { least: 0.1 },
  },
  { id: 'A2.commuteP50', label: 'A2 known commute, 60 times: length left, p50', unit: 'ratio' },
  { id: 'A2.commuteP5', label: 'A2 known commute, 60 times: length left, p5', unit: 'ratio', goal: { least: 0.08 } },
  { id: 'A3.dense', label: 'A3 two views together, dense: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A3.sparse', label: 'A3 two views together, sparse: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A7.denseM', label: 'A7 home, dense: median error', unit: 'm' },
  { id: 'A7.dense200', label: 'A7 home, dense: found within 200 m', unit: 'share', goal: { most: 0.015 } },
  { id: 'A7.denseMiddle', label: 'A7 home, dense: the same by guessing the middle alone', unit: 'share' },
  { id: 'A7.denseLeast', label: 'A7 the same, did people live evenly in their regions', unit: 'share' },
  {
    id: 'A7.goalLeast',
    label: 'A7 the same, evenly in regions 1.6 times as large as those of Android density',
    unit: 'share',
  },
  { id: 'A7.sparse200', label: 'A7 home, sparse: found within 200 m', unit: 'share' },
  { id: 'A7.denseK', label: 'A7 home, dense: K residents share the answer', unit: 'share', goal: { least: 1 } },
  { id: 'A7.sparseK', label: 'A7 home, sparse: K residents share the answer', unit: 'share', goal: { least: 1 } },
  { id: 'A8.dense', label: 'A8 singling out, dense: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A8.sparse', label: 'A8 singling out, sparse: people under K', unit: 'share', goal: { most: 0 } },
  { id: 'A8.suppressed', label: 'A8 sparse: people told nothing', unit: 'share', goal: { most: 0.001 } },
  { id: 'A8.p90Dense', label: 'A8 area of the set told, dense, p90', unit: 'km2' },
  { id: 'A8.p90Sparse', label: 'A8 area of the set told, sparse, p90', unit: 'km2' },
  { id: 'A8.ratioDense', label: 'A8 the same over Android density, dense', unit: 'ratio', goal: { most: 1.6 } },
  { id: 'A8.ratioSparse', label: 'A8 the same over Android density, sparse', unit: 'ratio', goal: { most: 1.6 } },
  { id: 'A8.badDense', label: 'A8 map from a gazetteer, K 1000, dense: people truly under K', unit: 'share' },
  { id: 'A8.badSparse', label: 'A8 map from a gazetteer, K 1000, sparse: people truly under K', unit: 'share' },
  { id: 'A8.margin', label: 'A8 map from a gazetteer, K 3000, dense: people truly under 1000', unit: 'share' },
  { id: 'U.areaP50', label: 'area told, dense, p50', unit: 'km2' },
  { id: 'U.areaP90', label: 'area told, dense, p90', unit: 'km2' },
  { id: 'U.sparseP50', label: 'area told, sparse, p50', unit: 'km2' },
  { id: 'U.sparseP90', label: 'area told, sparse, p90', unit: 'km2' },
  { id: 'U.contains', label: 'person inside the reported circle', unit: 'share', goal: { least: 0.97 } },
  { id: 'U.answered', label: 'answered, dense', unit: 'share' },
  { id: 'U.heldBack', label: 'answers a fresh phone would not get', unit: 'share' },
  { id: 'C.window', label: 'A9 one more device, one window: advantage', unit: 'share', goal: { most: 0.15 } },
  { id: 'C.threshold', label: 'A9 the same at the least count named', unit: 'share', goal: { most: 0.15 } },
  { id: 'C.month', label: 'A9 the same over 28 windows', unit: 'share' },
  { id: 'C.bases15', label: 'A14 bases of 15 named, of 100, in a month', unit: 'count', goal: { most: 0 } },
  { id: 'C.bases40', label: 'A14 bases of 40 named, of 100, in a month', unit: 'count', goal: { most: 0 } },
  { id: 'C.bases60', label: 'A14 bases of 60 named, of 100, in a month', unit: 'count', goal: { most: 0 } },
  { id: 'C.bases500', label: 'A14 bases of 500 named, of 100, in a month', unit: 'count', goal: { most: 0 } },
  ...[200, 2_000, 20_000].flatMap((size): Row[] => [
    { id: `C.counted${size}`, label: `partner of ${size}, dense: phones in a region named`, unit: 'share' },
    {
      id: `C.fewest${size}`,
      label: `partner of ${size}: fewest phones a region names`,
      unit: 'count',
      goal: { least: 20 },
    },
    {
      id: `C.advantage${size}`,
      label: `A9 partner of ${size}: most that a region tells`,
      unit: 'share',
      goal: { most: 0.15 },
    },
  ]),
  { id: 'C.error', label: 'error of counts of 500', unit: 'share', goal: { most: 0.03 } },
  {
    id: 'G.same',
    label: 'answers over HTTP that differ from what was attacked above',
    unit: 'count',
    goal: { most: 0 },
  },
  { id: 'G.contains', label: 'person inside the reported circle, over HTTP', unit: 'share', goal: { least: 0.97 } },
  { id: 'G.answered', label: 'answered, over HTTP', unit: 'share' },
  { id: 'G.bits', label: 'A4 answers that differ within region and tick', unit: 'count', goal: { most: 0 } },
  { id: 'G.guessed', label: 'A10 access points placed per million guesses', unit: 'count', goal: { most: 0 } },
  { id: 'G.pairs', label: 'A10 answers a target changed, paired', unit: 'count', goal: { most: 0 } },
  { id: 'G.fields', label: 'A10 fields that tell of others', unit: 'count', goal: { most: 0 } },
  { id: 'G.dragnetOne', label: 'A10 targets found by a dragnet, one known a block', unit: 'share', goal: { most: 0 } },
  { id: 'G.dragnetTwo', label: 'A10 targets found by a dragnet, two known a block', unit: 'share', goal: { most: 0 } },
  { id: 'G.pairsFound', label: 'A10 targets found, two blocks a call, the whole city asked', unit: 'share' },
  { id: 'G.pairsCalls', label: 'A10 calls for each of those', unit: 'count' },
  { id: 'G.byToken', label: 'A10 targets found by one phone’s token in a day, two blocks a call', unit: 'share' },
  { id: 'G.byAddress', label: 'A10 targets found by one address in a day', unit: 'count' },
  { id: 'G.late', label: 'A11 precise answers after the acknowledgement', unit: 'count', goal: { most: 0 } },
  { id: 'G.regionLate', label: 'A11 regions after the acknowledged refusal', unit: 'count', goal: { most: 0 } },
  {
    id: 'G.rows',
    label: 'precise answers without a row in the ledger, or rows without one, under that load',
    unit: 'count',
    goal: { most: 0 },
  },
  { id: 'G.slowest', label: 'A11 slowest acknowledgement, ms', unit: 'count' },
  { id: 'G.t', label: 'A12 largest Welch t between ways of being told nothing', unit: 'count', goal: { most: 4.5 } },
  { id: 'G.auc', label: 'A12 its area under the curve', unit: 'count' },
  { id: 'G.tPlaces', label: 'A12 Welch t between places of one region', unit: 'count', goal: { most: 4.5 } },
  { id: 'G.canaries', label: 'A13 canaries found in logs, metrics, answers, tables', unit: 'count', goal: { most: 0 } },
];

export function tableOf({ id }: Row): Table {
  return id.startsWith('C.') ? 'counts' : id.startsWith('G.') ? 'gateway' : 'answers';
}

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
