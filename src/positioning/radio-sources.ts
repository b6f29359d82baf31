// The sources that answer by what a phone hears, over one look at the map: `fetch` first, for one request, then each source.
import { MAC_KIND, type StationReader } from '../stations/index-contract.ts';
import { createAreaSource } from './area-source.ts';
import type { Corrections } from './calibration.ts';
import { createCellSource } from './cell-source.ts';
import { createKnown } from './known.ts';
import { createMacSource } from './mac-source.ts';
import type { Readings } from './readings.ts';
import { createUnsaidRadio } from './unsaid-radio.ts';

export function createRadioSources(stations: StationReader, corrections: Corrections) {
  const areas = createAreaSource(stations);
  const known = createKnown();
  const wifi = createMacSource(known, MAC_KIND.wifi, corrections);
  const bluetooth = createMacSource(known, MAC_KIND.bluetooth, corrections);
  const cells = createCellSource(stations, known, corrections, areas.isElsewhere);

  const sayRadios = createUnsaidRadio(stations, known);

  function fetch(readings: Readings): void {
    if (readings.unsaid.length > 0) sayRadios(readings);
    known.keys.count = 0;
    wifi.seek(readings.wifi);
    cells.seek(readings.cells);
    bluetooth.seek(readings.bluetooth);
    stations.findAll(known.keys, known.stations, known.found);
  }

  const strays = { wifi: wifi.strays, bluetooth: bluetooth.strays };
  return {
    fetch,
    strays,
    areas,
    byWifi: wifi.locate,
    byBluetooth: bluetooth.locate,
    byCells: cells.locate,
    isAstray: cells.isAstray,
    byOtherCells: cells.locateByOthers,
  };
}
