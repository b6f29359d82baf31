// Draws the share of answers within an error as one SVG a data set: a curve a method, error on a logarithmic axis. Promises:
// the same numbers give the same bytes; no library, no script in the picture. An unanswered question lowers the curve's end.

import type { Metrics } from './metrics.ts';

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 52;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 40;
const COLOURS = ['#888888', '#c2703d', '#3d7dc2', '#1a1a1a'];
/** Points of a curve: more than there are pixels shows nothing. */
const POINTS = 200;

/** SVG text of one data set's curves, in the order of `methods`. */
export function drawErrors(title: string, methods: readonly { name: string; metrics: Metrics }[]): string {
  const [low, high] = axisOf(methods.map(({ metrics }) => metrics));
  const x = (errorM: number) =>
    LEFT +
    ((Math.log10(Math.min(Math.max(errorM, low), high)) - Math.log10(low)) / Math.log10(high / low)) *
      (WIDTH - LEFT - RIGHT);
  const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  const lines: string[] = [];
  for (let m = low; m <= high; m *= 10) {
    lines.push(`<path d="M${fix(x(m))} ${y(0)}V${y(1)}" stroke="#ddd"/>`);
    const anchor = m === high ? 'end' : 'middle';
    const label = m < 1_000 ? `${m} m` : `${m / 1_000} km`;
    lines.push(`<text x="${fix(x(m))}" y="${HEIGHT - 22}" text-anchor="${anchor}">${label}</text>`);
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    lines.push(`<path d="M${LEFT} ${fix(y(share))}H${WIDTH - RIGHT}" stroke="#ddd"/>`);
    lines.push(`<text x="${LEFT - 6}" y="${fix(y(share) + 4)}" text-anchor="end">${Math.round(share * 100)} %</text>`);
  }
  methods.forEach(({ name, metrics }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    lines.push(
      `<path d="${curve(metrics, x, y)}" fill="none" stroke="${colour}" stroke-width="${i === methods.length - 1 ? 2.5 : 1.5}"/>`,
    );
    lines.push(
      `<text x="${WIDTH - RIGHT - 6}" y="${fix(y(0.03) - 16 * (methods.length - 1 - i))}" text-anchor="end" fill="${colour}">${name}</text>`,
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="14">${title}: share of questions answered within an error</text>
${lines.join('\n')}
</svg>
`;
}

/** SVG text of several data sets beside each other. */
export function drawBeside(pictures: readonly string[]): string {
  const panels = pictures.map(
    (picture, i) => `<svg x="${i * WIDTH}" width="${WIDTH}" height="${HEIGHT}"${picture.slice('<svg'.length)}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${pictures.length * WIDTH} ${HEIGHT}">\n${panels.join('')}</svg>\n`;
}

/** Powers of ten that hold every curve from its 2 % to its end. */
function axisOf(all: readonly Metrics[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { errorsM } of all) {
    if (errorsM.length === 0) continue;
    low = Math.min(low, errorsM[Math.floor(0.02 * errorsM.length)]);
    high = Math.max(high, errorsM[errorsM.length - 1]);
  }
  if (high === 0) return [1, 10];
  return [10 ** Math.floor(Math.log10(Math.max(low, 0.1))), 10 ** Math.ceil(Math.log10(Math.max(high, 1)))];
}

function curve({ errorsM, asked }: Metrics, x: (m: number) => number, y: (share: number) => number): string {
  const n = errorsM.length;
  const points: string[] = [];
  for (let k = 0; k <= POINTS && n > 0; k++) {
    const i = Math.min(Math.floor((k / POINTS) * n), n - 1);
    points.push(`${fix(x(errorsM[i]))} ${fix(y((i + 1) / asked))}`);
  }
  return points.length === 0 ? 'M0 0' : `M${points.join('L')}`;
}

const fix = (value: number) => value.toFixed(1);
