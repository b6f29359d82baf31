// Lets web apps, and KaiOS apps from app:// origins, call the gateway: those without the systemXHR permission are held to what it
// says here. It allows every origin and no cookie: who asks is told by a key or a token, which no foreign page has. Lists are
// spelt out because Gecko before 69 takes no `*` in Allow-Headers and Allow-Methods, and 86,400 s is the longest it remembers.
// In the MLS family only preflights are the library's; ordinary answers carry two constant headers, and only where a browser asked
// by sending an Origin, because the library's own hook costs the hot path about a tenth (it spreads its options on every request).
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { fixHeaders } from './fixed-headers.ts';

export const ALLOWED_METHODS = 'GET, HEAD, POST, OPTIONS';
const SECONDS_REMEMBERED = 86_400;
const EXPOSED_HEADERS = 'RateLimit, RateLimit-Policy, Retry-After';

/** What an answer to a request with an Origin carries. */
export const CROSS_ORIGIN_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED_HEADERS,
} as const;

/** Answers OPTIONS for everything under the prefix of the MLS family. The scope must hold nothing else. */
export async function answerPreflights(scope: FastifyInstance): Promise<void> {
  fixHeaders(scope);
  await scope.register(cors, {
    origin: '*',
    methods: ALLOWED_METHODS.split(', '),
    // Authorization: the phone's or its user's token for an application, which in the URL would be in logs.
    allowedHeaders: [
      ...['Content-Type', 'Content-Encoding', 'Accept', 'Authorization'],
      ...['X-Requested-With', 'X-Ichnaea-Contribute-Opt-In'],
    ],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: SECONDS_REMEMBERED,
    // Ichnaea answers OPTIONS with 200, also without an Origin.
    optionsSuccessStatus: 200,
    strictPreflight: false,
  });
}

/** Answers OPTIONS in a native scope, and lets scripts read what it answers, refusals too. Before all other hooks of the scope. */
export async function allowOtherOrigins(scope: FastifyInstance): Promise<void> {
  await scope.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    allowedHeaders: ['Content-Type', 'Accept', 'Authorization', 'Honeyguide-Proof', 'X-Requested-With'],
    // Link: the next page of counts.
    exposedHeaders: `${EXPOSED_HEADERS}, Link`,
    maxAge: SECONDS_REMEMBERED,
    strictPreflight: false,
  });
}
