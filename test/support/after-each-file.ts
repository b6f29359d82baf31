// Evaluated anew for every test file, before it.

import { afterAll } from 'vitest';
import { endFile } from './after-file.ts';

afterAll(endFile);
