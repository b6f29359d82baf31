// Answers of the look-up routes, past the framework's reply: head and body leave in one write, with the headers that every
// answer of the MLS family carries, those a browser asked for by its Origin, and those that announce the key's limits.
// Promises: nothing leaves but `body` and what is listed here; a HEAD gets the head only (Node sees to it).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CROSS_ORIGIN_HEADERS } from './cors.ts';
import { refusalText } from './errors/mls.ts';
import { ALL_FIXED_HEADERS, type FixedHeaders, fixedHeadersFor } from './fixed-headers.ts';
import type { Refusal } from './refusal.ts';
import { mustCloseOn } from './take-body.ts';

const JSON_UTF8 = 'application/json; charset=utf-8';
/** Heads that need nothing further, by the length of the body; answers of look-ups are shorter than this. */
const HEADS = new Map(
  ALL_FIXED_HEADERS.map((headers) => [headers, Array.from({ length: 512 }, (_, length) => headOf(length, headers))]),
);
const CROSS_ORIGIN = Object.entries(CROSS_ORIGIN_HEADERS).flat();

/** Names and values in turn, as node:http takes them with the least work. */
function headOf(bodyLength: number, fixed: FixedHeaders): string[] {
  return ['content-type', JSON_UTF8, 'content-length', String(bodyLength), ...Object.entries(fixed).flat()];
}

/** `body` is JSON: ASCII as a string, anything else as bytes. `further` are names and values in turn. */
export function sendMls(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  body: string | Buffer,
  further?: readonly string[],
): void {
  const { limitFields } = request;
  const fixed = fixedHeadersFor(request);
  let head = HEADS.get(fixed)![body.length] ?? headOf(body.length, fixed);
  if (request.raw.headers.origin !== undefined) head = head.concat(CROSS_ORIGIN);
  if (limitFields !== null) head = head.concat(limitFields);
  if (further !== undefined) head = head.concat(further);
  reply.hijack();
  reply.raw.writeHead(status, head);
  reply.raw.end(body, 'latin1');
}

/** Says no in the MLS envelope. */
export function refuseMlsAtOnce(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
  const { status, text } = refusalText(refusal);
  const { retryAfterS, kind } = refusal;
  if (retryAfterS !== undefined) sendMls(request, reply, status, text, ['retry-after', String(retryAfterS)]);
  // Who sends more than is read cannot have its next request on the same connection.
  else if (kind === 'tooLarge' && mustCloseOn(request.raw))
    sendMls(request, reply, status, text, ['connection', 'close']);
  else sendMls(request, reply, status, text);
}
