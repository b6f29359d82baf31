import { describe, expect, it } from 'vitest';
import { plotLatency } from '../../bench/plot.ts';
import { checkRow, type Results, renderResults, withResults } from '../../bench/results.ts';

const results: Results = {
  machine: '2 x CPU',
  versions: 'Node 24',
  suites: {
    http: {
      takenOn: '2026-11-22',
      commit: 'abc1234',
      rows: [
        { what: 'ratio', value: 0.8123, unit: '', atLeast: 0.8 },
        { what: 'p99', value: 1.71, unit: '', atMost: 1.5, note: 'half load' },
        { what: 'throughput', value: 21_345.4, unit: 'requests/s' },
      ],
    },
    import: { takenOn: '2026-11-22', commit: 'abc1234', rows: [], skipped: 'no database' },
  },
};

describe('the results of the benches', () => {
  it('become one dated table that says which budgets hold and what was skipped', () => {
    const table = renderResults(results);
    expect(table).toContain('| http | ratio | 0.812 | >= 0.8 | yes | 2026-11-22 abc1234 |');
    expect(table).toContain('| http | p99 (half load) | 1.71 | <= 1.5 | **no** | 2026-11-22 abc1234 |');
    expect(table).toContain('| http | throughput | 21,345 requests/s |  |  | 2026-11-22 abc1234 |');
    expect(table).toContain('| import | skipped: no database |');
  });

  it('replace what stands between the markers of the README and nothing else', () => {
    const markers = ['<!-- results: written by `npm run bench -- --write`, not by hand -->', '<!-- end of results -->'];
    const readme = `before\n${markers[0]}\nstale\n${markers[1]}\nafter\n`;
    const renewed = withResults(readme, results);
    expect(renewed).not.toContain('stale');
    expect(renewed.startsWith('before\n')).toBe(true);
    expect(renewed.endsWith('after\n')).toBe(true);
    expect(withResults(renewed, results)).toBe(renewed);
    expect(() => withResults('no markers', results)).toThrow('markers');
  });

  it('never hold a value that is no measurement', () => {
    expect(() => checkRow({ what: 'x', value: Number.NaN, unit: '' })).toThrow('no measurement');
    expect(() => checkRow({ what: 'x', value: Infinity, unit: '' })).toThrow('no measurement');
  });
});

describe('the plot', () => {
  const line = (ms: number[]) => ({
    label: 'ours',
    colour: '#123456',
    isDashed: false,
    points: ms.map((m, i) => ({ perSecond: 1_000 * (i + 1), ms: m })),
  });

  it('draws every point inside the frame, higher latency higher', () => {
    const svg = plotLatency('Latency', [line([0.3, 0.9, 40])]);
    const circles = [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(circles).toHaveLength(3);
    expect(circles.map(([x]) => x)).toEqual(circles.map(([x]) => x).sort((a, b) => a - b));
    expect(circles.map(([, y]) => y)).toEqual(circles.map(([, y]) => y).sort((a, b) => b - a));
    for (const [x, y] of circles) expect(x > 0 && x < 760 && y > 0 && y < 420).toBe(true);
  });

  it('refuses to draw nothing, or what was not measured', () => {
    expect(() => plotLatency('Latency', [])).toThrow('nothing to plot');
    expect(() => plotLatency('Latency', [line([Number.NaN])])).toThrow('no measurement');
  });
});
