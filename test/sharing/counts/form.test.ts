import { expect, test } from 'vitest';
import { formOf, GEOJSON, JSON_FORM, NDJSON } from '../../../src/sharing/counts/form.ts';

test.each([
  ['', JSON_FORM],
  ['*/*', JSON_FORM],
  ['text/html', JSON_FORM],
  ['application/json, text/plain, */*', JSON_FORM],
  ['application/x-ndjson', NDJSON],
  ['application/geo+json', GEOJSON],
  ['Application/X-NDJSON; charset=utf-8', NDJSON],
  ['application/x-ndjson, */*', NDJSON],
  ['application/json, application/geo+json;q=0.5', JSON_FORM],
  ['application/geo+json;q=0.9, application/x-ndjson;q=0.2', GEOJSON],
  ['application/x-ndjson;q=0, */*;q=0.1', JSON_FORM],
  ['application/x-ndjson;q=0', JSON_FORM],
  ['application/x-ndjson-other', JSON_FORM],
  ['application/geo+json;q=much', JSON_FORM],
])('who accepts "%s" gets %s', (accept, form) => {
  expect(formOf(accept)).toBe(form);
});
