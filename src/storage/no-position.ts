// What takes the position off a row of the map, for every room that may: with it goes what says how near somebody came.
type PositionTable = 'cells' | 'wifi_stations' | 'bluetooth_stations';

/** Assignments for `update`: nothing of where a station is, or of how well and how loudly it was heard, stays in its row. */
export function noPositionSql(table: PositionTable): string {
  const position = 'lat = null, lon = null, radius_m = null, samples = null, weight = null, source = null';
  return table === 'wifi_stations' ? `${position}, loudest_dbm = null` : position;
}
