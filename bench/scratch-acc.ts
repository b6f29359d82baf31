import { openSimulations, openTraces } from './accuracy/data-sets.ts';
import { measure } from './accuracy/metrics.ts';
import { createHoneyguide } from './accuracy/ours.ts';
const sets = [...openTraces(), ...openSimulations()];
const taught = new Map<unknown, any>();
for (const set of sets) {
  let m = taught.get(set.learn);
  if (!m) { m = [createHoneyguide(false), createHoneyguide()]; for (const x of m) x.learn(set.learn); taught.set(set.learn, m); }
  const [u, c] = m.map((x: any) => measure(x, set));
  console.log(set.name.padEnd(44), `ans ${(100*c.answered/c.asked).toFixed(1)} med ${c.medianM.toFixed(1)} p95 ${c.p95M.toFixed(1)} in ${(100*c.inside).toFixed(2)}/${c.inside>1?(100*c.inside/c.answered).toFixed(1):''} circ ${c.medianAccuracyM.toFixed(1)} | unc ${(100*u.inside).toFixed(2)}/${u.inside>1?(100*u.inside/u.answered).toFixed(1):''} circ ${u.medianAccuracyM.toFixed(1)}`);
}
