// In which form counts are wanted, as `Accept` says (RFC 9110, 12.5.1). Promises: pure; always one of the three; JSON to whoever
// accepts none of them, since a refusal would help nobody.

export const JSON_FORM = 'application/json';
export const NDJSON = 'application/x-ndjson';
export const GEOJSON = 'application/geo+json';
type Form = typeof JSON_FORM | typeof NDJSON | typeof GEOJSON;

/** Of equals the first: whoever names another form than the usual one means it. */
const FORMS: readonly Form[] = [NDJSON, GEOJSON, JSON_FORM];

export function formOf(accept: string): Form {
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    const quality = parameters.find((one) => one.startsWith('q='));
    const weight = quality === undefined ? 1 : Number(quality.slice(2));
    weights.set(type, weight >= 0 && weight <= 1 ? weight : 0);
  }
  // A wildcard is anything, and so the usual form.
  const usual = weights.get(JSON_FORM) ?? weights.get('application/*') ?? weights.get('*/*') ?? 0;
  const weightOf = (form: Form) => (form === JSON_FORM ? usual : (weights.get(form) ?? 0));
  let best: Form = JSON_FORM;
  let most = 0;
  for (const form of FORMS) {
    if (weightOf(form) <= most) continue;
    best = form;
    most = weightOf(form);
  }
  return best;
}
