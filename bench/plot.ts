// A plot of latency over load as SVG, by hand: two axes (load linear, latency logarithmic), a line a contender and quantile.
// Pure: the same points give the same file. Readable on white and on black pages alike.

export type Point = { readonly perSecond: number; readonly ms: number };
export type Line = {
  readonly label: string;
  readonly colour: string;
  readonly isDashed: boolean;
  readonly points: readonly Point[];
};

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 20;
const TOP = 48;
const BOTTOM = 56;
const DECADES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

export function plotLatency(title: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) throw new Error('nothing to plot');
  for (const { perSecond, ms } of points)
    if (!(perSecond > 0) || !(ms > 0)) throw new Error('a point is no measurement');
  const step = niceStep(Math.max(...points.map((p) => p.perSecond)) / 6);
  const most = Math.ceil(Math.max(...points.map((p) => p.perSecond)) / step) * step;
  const lows = DECADES.filter((d) => d <= Math.min(...points.map((p) => p.ms)));
  const highs = DECADES.filter((d) => d >= Math.max(...points.map((p) => p.ms)));
  const low = lows.at(-1) ?? DECADES[0];
  const high = highs[0] ?? DECADES.at(-1)!;
  const x = (perSecond: number): number => LEFT + (perSecond / most) * (WIDTH - LEFT - RIGHT);
  const y = (ms: number): number =>
    HEIGHT - BOTTOM - (Math.log(ms / low) / Math.log(high / low)) * (HEIGHT - TOP - BOTTOM);
  const parts: string[] = [];
  for (let load = 0; load <= most; load += step)
    parts.push(
      `<path d="M${at(x(load))} ${TOP}V${HEIGHT - BOTTOM}" class="grid"/>`,
      text(x(load), HEIGHT - BOTTOM + 18, 'middle', load.toLocaleString('en-GB')),
    );
  for (const ms of DECADES.filter((d) => d >= low && d <= high))
    parts.push(
      `<path d="M${LEFT} ${at(y(ms))}H${WIDTH - RIGHT}" class="grid"/>`,
      text(LEFT - 8, y(ms) + 4, 'end', String(ms)),
    );
  lines.forEach((line, i) => {
    const path = line.points.map((p, k) => `${k === 0 ? 'M' : 'L'}${at(x(p.perSecond))} ${at(y(p.ms))}`).join('');
    const dash = line.isDashed ? ' stroke-dasharray="6 4"' : '';
    parts.push(`<path d="${path}" fill="none" stroke="${line.colour}" stroke-width="2"${dash}/>`);
    for (const p of line.points)
      parts.push(`<circle cx="${at(x(p.perSecond))}" cy="${at(y(p.ms))}" r="3" fill="${line.colour}"/>`);
    const keyX = LEFT + 12 + i * 165;
    parts.push(
      `<path d="M${keyX} ${TOP - 12}h24" stroke="${line.colour}" stroke-width="2"${dash}/>`,
      text(keyX + 30, TOP - 8, 'start', line.label),
    );
  });
  parts.push(text(WIDTH / 2, HEIGHT - 14, 'middle', 'requests a second'), text(14, 20, 'start', `${title}, ms`));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<style>text{font:12px sans-serif;fill:#808080}.grid{stroke:#808080;stroke-opacity:.3}</style>
${parts.join('\n')}
</svg>
`;
}

function text(x: number, y: number, anchor: 'start' | 'middle' | 'end', words: string): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${words}</text>`;
}

function at(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

/** 1, 2 or 5 times a power of ten, not under the value. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value) ?? 10 * power;
}
