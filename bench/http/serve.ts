// One server under load in a process of its own: ours or the bare yardstick, on a port of the system's choosing. Speaks with
// the bench over the fork's channel: says where it listens, tells its CPU time and memory when asked, and ends with its parent.
// `slow` makes every request cost so many microseconds of CPU more: how the gate's own test shows that the gate can fail.

import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { tuneHeap } from '../../src/process/heap-flags.ts';
import { buildBare } from './bare.ts';
import { createBurner } from './burn.ts';
import { buildOurs } from './ours.ts';
import { buildPartnerServer } from './partner-server.ts';

export type ServeOptions =
  | { kind: 'ours'; stations: number; proxies?: readonly string[] }
  | { kind: 'partner'; stations: number; bodies: number; databaseUrl: string }
  | { kind: 'bare'; answers: object[]; status: number };
export type ToServer = { ask: 'start'; options: ServeOptions } | { ask: 'usage' } | { ask: 'slow'; us: number };
export type FromServer = { port: number } | { cpuUs: number; rssBytes: number } | { slow: true };

// As `serve` does it, for whichever server.
tuneHeap();

let burn: (() => void) | null = null;

async function buildServer(options: ServeOptions): Promise<FastifyInstance> {
  if (options.kind === 'ours') return await buildOurs(options.stations, options.proxies);
  if (options.kind === 'bare') return buildBare(options.answers, options.status);
  return await buildPartnerServer(options.stations, options.bodies, options.databaseUrl);
}

async function answer(message: ToServer): Promise<FromServer> {
  if (message.ask === 'usage') {
    const { user, system } = process.cpuUsage();
    return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
  }
  if (message.ask === 'slow') {
    burn = createBurner(message.us);
    return { slow: true };
  }
  const { options } = message;
  const app = await buildServer(options);
  await app.listen({ port: 0, host: '127.0.0.1' });
  app.server.prependListener('request', () => burn?.());
  return { port: (app.server.address() as AddressInfo).port };
}

process.on('message', (message: ToServer) => void answer(message).then((reply) => process.send?.(reply)));
process.on('disconnect', () => process.exit(0));
