// A body may come long after its head. Beats that counted from the head would be over by then, and an answer would leave as soon
// as it is decided: the time that took shows what was done (attack A12).
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { addPartner, HERE, openSharingGateway } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

/** Longer than "nothing" is held (release.ts). */
const LATE_MS = 60;
const HOLD_MS = 20;

const store = await openTestStore();
const gateway = await openSharingGateway(store);
const { key } = await addPartner(store, 'Navi');
await gateway.followKeys();
await gateway.app.listen({ port: 0, host: '127.0.0.1' });
const { port } = gateway.app.server.address() as { port: number };

test.each([
  ['what can be no token', '&device=junk', HERE],
  ['nobody, not located', '', {}],
])(
  'nothing about %s leaves no sooner after a late body than after one that came with its head',
  async (_, query, body) => {
    const socket = connect(port, '127.0.0.1');
    const text = JSON.stringify({ considerIp: false, ...body });
    socket.write(
      `POST /v1/geolocate?key=${key}${query} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n`,
    );
    await wait(LATE_MS);
    const sentMs = performance.now();
    socket.write(text);
    const [answer] = await once(socket, 'data');
    const tookMs = performance.now() - sentMs;
    socket.destroy();
    expect(`${answer}`.slice(0, 12)).toBe('HTTP/1.1 404');
    expect(tookMs).toBeGreaterThan(HOLD_MS - 2);
  },
);
