// Lets web apps, and KaiOS apps from app:// origins, call the MLS family. Lists are spelt out because Gecko before 69
// takes no `*` in Allow-Headers and Allow-Methods, and 86,400 s is the longest it remembers. No credentials, no cookies.
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

export async function allowAnyOrigin(scope: FastifyInstance): Promise<void> {
  await scope.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
    allowedHeaders: ['Content-Type', 'Content-Encoding', 'Accept', 'X-Requested-With', 'X-Ichnaea-Contribute-Opt-In'],
    exposedHeaders: ['RateLimit', 'RateLimit-Policy', 'Retry-After'],
    maxAge: 86_400,
    // Ichnaea answers OPTIONS with 200, also without an Origin.
    optionsSuccessStatus: 200,
    strictPreflight: false,
  });
}
