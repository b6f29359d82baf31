// A process that erases a device and is killed, by itself, right after one step: node erase-process.ts CONFIG DEVICE STEP.
// It first finishes what the one before it left.
import { advanceErasure, advanceErasures, beginErasure, findPerson } from '../../src/rights/erase-store.ts';
import { openStore, type StoreConfig } from '../../src/storage/open.ts';
import { eraseDeps, MASTERS, START_MS } from './people.ts';

const [config, device, killAfter] = process.argv.slice(2);
const store = await openStore(JSON.parse(config) as StoreConfig);
const deps = eraseDeps(store.pool, () => START_MS);
await advanceErasures(deps);
const person = await findPerson(store.pool, MASTERS, device);
if (person === null) throw new Error('the device is not there');
const onStep = (step: string) => {
  if (step === killAfter) process.kill(process.pid, 'SIGKILL');
};
await beginErasure({ ...deps, onStep }, person, 'asked', device);
await advanceErasure({ ...deps, onStep }, device);
