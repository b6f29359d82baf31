// How stock clients read an answer of /v1/geolocate, each by the lines of its own source (or, GeoClue and Chromium, as they were
// seen to): what they take out of it, and what has them take it for none. Null is what the client makes an error of.

type Fix = { readonly lat: number; readonly lng: number; readonly accuracy: number };
type Answer = { readonly status: number; readonly text: string };
type Reader = (answer: Answer) => Fix | null;
type Json = { readonly [name: string]: never };

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** json-glib's and Qt's way: what is no number is 0. */
const numberOrZero = (value: unknown) => (typeof value === 'number' ? value : 0);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Firefox and KaiOS: 200 and a `location`; what is in it goes on as it is. */
const gecko: Reader = ({ status, text }) => {
  const body = parsed(text);
  if (status !== 200 || !isObject(body) || !isObject(body.location)) return null;
  const { lat, lng } = body.location as Json;
  return { lat, lng, accuracy: body.accuracy };
};

/** An `error` object is one; of all others the members are read as doubles, 0 where there are none. */
const geoClue: Reader = ({ status, text }) => {
  const body = parsed(text);
  if (status !== 200 || !isObject(body) || 'error' in body) return null;
  const { lat, lng }: Partial<Json> = isObject(body.location) ? (body.location as Json) : {};
  return { lat: numberOrZero(lat), lng: numberOrZero(lng), accuracy: numberOrZero(body.accuracy) };
};

/** "Malformed" without numbers; no good fix outside of the globe or without a positive accuracy. */
const chromium: Reader = ({ status, text }) => {
  const body = parsed(text);
  if (status !== 200 || !isObject(body) || !isObject(body.location)) return null;
  const { lat, lng } = body.location as Json;
  const { accuracy } = body;
  if (![lat, lng, accuracy].every((value) => typeof value === 'number')) return null;
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && accuracy > 0 ? { lat, lng, accuracy } : null;
};

/** microG's Ichnaea clients: other spellings too; NaN where there is no number. */
const microG: Reader = ({ status, text }) => {
  const body = parsed(text);
  if (status !== 200 || !isObject(body) || 'error' in body || !isObject(body.location)) return null;
  const { lat, latitude, lng, longitude } = body.location as Json;
  return { lat: Number(lat ?? latitude), lng: Number(lng ?? longitude), accuracy: Number(body.accuracy) };
};

/** Sailfish: no `error`; doubles, 0 where there are none. */
const qt: Reader = geoClue;

const READERS: readonly (readonly [client: RegExp, Reader])[] = [
  [/Gecko|Firefox|KaiOS/, gecko],
  [/GeoClue/, geoClue],
  [/Chromium/, chromium],
  [/microG|UnifiedNlp|NeoStumbler/, microG],
  [/Sailfish/, qt],
];

/** The reader of a recorded client; every one has one. */
export function readerOf(client: string): Reader {
  const found = READERS.find(([name]) => name.test(client));
  if (found === undefined) throw new Error(`how does ${client} read answers?`);
  return found[1];
}
