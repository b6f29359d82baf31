import type { AdmittedReport } from '../../src/observations/report.ts';

/** A report as it was admitted, of a phone that heard nothing but what is said. */
export function admitted(more: Partial<AdmittedReport>): AdmittedReport {
  return {
    ...{ lat: 48, lon: 9, accuracyM: 8, speedMps: 1, fused: false, timeMs: 0 },
    ...{ wifi: [], bluetooth: [], cells: [], neighbours: [] },
    ...more,
  };
}
