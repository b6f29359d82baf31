// Answers of the look-up routes, past the framework's reply: head and body leave in one write, with the headers that every
// answer of the MLS family carries, those a browser asked for by its Origin, and those that announce the key's limits.
// Promises: nothing leaves but `body` and what is listed here; a HEAD gets the head only (Node sees to it).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CROSS_ORIGIN_HEADERS } from './cors.ts';
import { refusalText } from './errors/mls.ts';
import { ALL_FIXED_HEADERS, fixedHeadersFor } from './fixed-headers.ts';
import type { Refusal } from './refusal.ts';

const JSON_UTF8 = 'application/json; charset=utf-8';
/** Names and values in turn, as node:http takes them with the least work. */
const FIXED = new Map(ALL_FIXED_HEADERS.map((headers) => [headers, Object.entries(headers).flat()]));
const CROSS_ORIGIN = Object.entries(CROSS_ORIGIN_HEADERS).flat();

/** `body` is JSON: ASCII as a string, anything else as bytes. `further` are names and values in turn. */
export function sendMls(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  body: string | Buffer,
  further?: readonly string[],
): void {
  const head = ['content-type', JSON_UTF8, 'content-length', String(body.length)];
  const fixed = FIXED.get(fixedHeadersFor(request))!;
  for (let i = 0; i < fixed.length; i++) head.push(fixed[i]);
  if (request.raw.headers.origin !== undefined) head.push(...CROSS_ORIGIN);
  if (request.limitFields !== null) head.push(...request.limitFields);
  if (further !== undefined) head.push(...further);
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
  else if (kind === 'tooLarge') sendMls(request, reply, status, text, ['connection', 'close']);
  else sendMls(request, reply, status, text);
}
