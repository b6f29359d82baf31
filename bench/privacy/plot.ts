// What is left unknown after each attack, as an SVG: a row an attack, a dot a mechanism (the worst twentieth of victims), on a
// logarithmic axis; the goal as a line. Pure: the same numbers give the same file.
import { interval, type Results } from './results.ts';
import { ROWS } from './rows.ts';

const SHOWN = ['A1.areaP5', 'A2.walkP5', 'A2.busP5', 'A2.edgeP5', 'A2.seldomP5', 'A2.commuteP5'];
const COLOURS = ['#1a1a1a', '#c2703d', '#3d7dc2', '#5a9a4a', '#9a5ab0', '#b09a2a', '#b04a5a', '#888888', '#6fb7c9'];
const WIDTH = 860;
const LEFT = 330;
const RIGHT = 24;
const TOP = 64;
const ROW = 34;
const KEYS_A_ROW = 3;
const LOWEST = 0.001;
const GOAL = 0.1;

export function drawAreasLeft(results: Results, ours: string): string {
  const names = [ours, ...results.mechanisms.filter((name) => name !== ours)].filter((name) =>
    SHOWN.some((row) => results.valuesOf(row, name).length > 0),
  );
  const height = TOP + SHOWN.length * ROW + 56 + 18 * Math.ceil(names.length / KEYS_A_ROW);
  const x = (share: number) =>
    LEFT + (Math.log10(Math.min(Math.max(share, LOWEST), 1)) / -Math.log10(LOWEST) + 1) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + SHOWN.length * ROW;
  const parts: string[] = [];
  for (const share of [0.001, 0.01, 0.1, 1]) {
    parts.push(`<path d="M${x(share).toFixed(1)} ${TOP - 8}V${bottom}" stroke="#808080" stroke-opacity=".3"/>`);
    parts.push(`<text x="${x(share).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${share * 100} %</text>`);
  }
  parts.push(`<path d="M${x(GOAL).toFixed(1)} ${TOP - 8}V${bottom}" stroke="#1a8a3a" stroke-dasharray="5 4"/>`);
  SHOWN.forEach((id, i) => {
    const y = TOP + i * ROW + ROW / 2;
    const label = ROWS.find((row) => row.id === id)!.label.replace(/: (area|length) left, p5$/, '');
    parts.push(`<text x="${LEFT - 14}" y="${y + 4}" text-anchor="end">${label}</text>`);
    names.forEach((name, n) => {
      const { mean } = interval(results.valuesOf(id, name));
      if (Number.isNaN(mean)) return;
      const size = name === ours ? 7 : 4.5;
      parts.push(
        `<circle cx="${x(mean).toFixed(1)}" cy="${y}" r="${size}" fill="${COLOURS[n % COLOURS.length]}" fill-opacity=".85"/>`,
      );
    });
  });
  names.forEach((name, n) => {
    const keyX = 24 + (n % KEYS_A_ROW) * 270;
    const keyY = bottom + 44 + Math.floor(n / KEYS_A_ROW) * 18;
    parts.push(`<circle cx="${keyX}" cy="${keyY - 4}" r="5" fill="${COLOURS[n % COLOURS.length]}"/>`);
    parts.push(`<text x="${keyX + 10}" y="${keyY}">${name}</text>`);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="What is left unknown after each attack">
<style>text{font:12px sans-serif;fill:#808080}</style>
<text x="14" y="24" style="font-size:15px">What an attacker still does not know: share of the area he was told, worst twentieth of victims</text>
<text x="14" y="43">further right is better; the dashed line is the goal</text>
${parts.join('\n')}
</svg>
`;
}
