// How connections end while a server stops, so that no request is lost to that. Promises: an answer that is given meanwhile says
// that it was the connection's last; what stays idle for a quarter of a second is closed, what becomes idle later as well.
// How long a stop may take is up to who closes the app.
import type { FastifyInstance } from 'fastify';

/** How long a stop lets connections end with the answer to what is on its way to them. */
const LAST_REQUESTS_MS = 250;

/**
 * A client that asks again on a connection which is being closed gets no answer, and a POST it does not repeat by itself. So
 * a stop first lets every connection end with an answer that says so, then closes those on which nothing came. Node closes
 * idle ones once, when it stops to listen; one that answers its last request later would be waited for.
 */
export function endPolitelyWhileStopping(app: FastifyInstance): void {
  app.addHook('preClose', (done) => {
    app.server.prependListener('request', (_request, response) => {
      response.shouldKeepAlive = false;
    });
    const sweep = setTimeout(
      () => {
        const again = setInterval(() => app.server.closeIdleConnections(), 50);
        app.server.once('close', () => clearInterval(again));
        done();
      },
      app.server.listening ? LAST_REQUESTS_MS : 0,
    );
    app.server.once('close', () => clearTimeout(sweep));
  });
}
