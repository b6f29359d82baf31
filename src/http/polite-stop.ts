// How connections end while a server stops, so that no request is lost to that. Promises: nobody new is let in; an answer that is
// given meanwhile says that it was the connection's last; what stays idle for a quarter of a second is closed, what becomes idle
// later as well. How long a stop may take is up to who closes the app.
import { Server } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How long a stop lets connections end with the answer to what is on its way to them. */
const LAST_REQUESTS_MS = 250;

/**
 * A client that asks again on a connection which is being closed gets no answer, and a POST it does not repeat by itself. So
 * a stop first lets every connection end with an answer that says so, then closes those on which nothing came. Node closes
 * idle ones once, when it stops to listen; one that answers its last request later would be waited for.
 * It does not listen meanwhile: all who were told that theirs has ended would come back at once, and who has just been let in, or
 * waits for it, when the listener goes is reset with a request on its way. Who is refused knows that nothing was sent.
 */
export function endPolitelyWhileStopping(app: FastifyInstance): void {
  app.addHook('preClose', (done) => {
    const { server } = app;
    if (!server.listening) return done();
    server.prependListener('request', (_request, response) => {
      response.shouldKeepAlive = false;
    });
    let open = true;
    server.once('close', () => {
      open = false;
    });
    // net's own: http's would close what is idle, too.
    onceCaughtUp(() => Server.prototype.close.call(server));
    const finish = () => {
      if (open) {
        const again = setInterval(() => onceCaughtUp(() => server.closeIdleConnections()), 50);
        server.once('close', () => clearInterval(again));
      }
      done();
    };
    setTimeout(() => onceCaughtUp(finish), LAST_REQUESTS_MS);
  });
}

/** Behind what has arrived, and not before it as timers are: what waits to be let in or to be read is taken first. */
const onceCaughtUp: (then: () => void) => void = setImmediate;
