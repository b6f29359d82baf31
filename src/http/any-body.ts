// Bodies of a whole scope, read as look-ups' are: whatever the content type, in whatever pieces, within bounds. Promises: what
// cannot be read comes to the handler as MALFORMED_BODY, OVERSIZED_BODY or CROWDED_BODY; the framework's own reader, which keeps
// each chunk of a million as it came, is not used. A client that goes away before it has sent all is no request.
import type { FastifyInstance } from 'fastify';
import { takeBody } from './take-body.ts';
import { BODY_LIMIT_BYTES, decodeJsonBody, INFLATED_LIMIT_BYTES, JSON_TYPE } from './tolerant-json.ts';

/** Bounds of a body: as sent, and after decompression. */
type BodyLimits = { readonly sentBytes: number; readonly inflatedBytes: number };
const DEFAULT_LIMITS: BodyLimits = { sentBytes: BODY_LIMIT_BYTES, inflatedBytes: INFLATED_LIMIT_BYTES };

/**
 * Makes a scope read every body with `decodeJsonBody`. Fastify refuses content types it cannot parse (`gzip`, as KaiOS
 * sends) before any parser runs, so each request must first pass `receiveMls` (mls-request.ts).
 */
export function readAnyBody(scope: FastifyInstance, limits: BodyLimits = DEFAULT_LIMITS): void {
  const { sentBytes, inflatedBytes } = limits;
  scope.removeAllContentTypeParsers();
  // Under its exact name too: that is a look-up in a map, `*` parses the content type anew (5 % of a look-up's CPU time).
  for (const type of [JSON_TYPE, '*']) {
    scope.addContentTypeParser(type, ({ raw, headers }, _payload, done) => {
      takeBody(raw, sentBytes, (bytes) => {
        if (typeof bytes === 'symbol') done(null, bytes);
        else done(null, decodeJsonBody(bytes, headers['content-encoding'], headers['content-type'], inflatedBytes));
      });
    });
  }
}
