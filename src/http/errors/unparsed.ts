// How the gateway says no to bytes that are no request Node can parse: a length that lies, a head that is too long or too
// slow, a method nobody has, an expectation nobody meets, a host that is not named. Promises: the envelope of the Mozilla/Google family, since its clients read `error` as an object and phones
// are most of who calls; nothing of what was sent; the connection is closed. Whose route it was meant for is not known here.
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { mlsErrorText } from './mls.ts';

type Unparsed = { readonly status: string; readonly text: string };
const MALFORMED: Unparsed = { status: '400 Bad Request', text: mlsErrorText(400, 'parseError', 'Parse Error') };
const BY_CODE: Readonly<Record<string, Unparsed>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    text: mlsErrorText(431, 'headersTooLarge', 'Request Header Fields Too Large'),
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    text: mlsErrorText(408, 'requestTimeout', 'Request Timeout'),
  },
};

const TUNNEL: Unparsed = {
  status: '405 Method Not Allowed',
  text: mlsErrorText(405, 'methodNotAllowed', 'Method Not Allowed'),
};

/** Answers, as far as somebody is there to read it, and closes. */
export function refuseUnparsed({ code }: { readonly code?: string }, socket: Duplex): void {
  refuseAndClose(code === 'ECONNRESET' ? null : (BY_CODE[code ?? ''] ?? MALFORMED), socket);
}

/** Answers a `CONNECT`, which Node hands over as a bare socket. */
export function refuseTunnel(_request: IncomingMessage, socket: Duplex): void {
  // Nobody else hears of what becomes of it.
  socket.on('error', () => {});
  refuseAndClose(TUNNEL, socket);
}

function refuseAndClose(what: Unparsed | null, socket: Duplex): void {
  if (what !== null && socket.writable) {
    const { status, text } = what;
    const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${text.length}`;
    socket.write(
      `${head}\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${text}`,
    );
  }
  (socket as Socket).destroySoon();
}

const EXPECTATION = mlsErrorText(417, 'expectationFailed', 'Expectation Failed');

/** Answers an `Expect` that is not `100-continue`, in its turn among the connection's answers. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  refuseInTurn(417, EXPECTATION, response);
}

/**
 * Refuses HTTP/1.1 without a Host (RFC 9112, 3.2) in place of Node, which says so with no body at all: the server must be made with
 * `requireHostHeader: false`, and have no listener to requests but one.
 */
export function refuseHostless(server: Server): void {
  const [answer] = server.listeners('request') as RequestListener[];
  server.removeListener('request', answer);
  server.on('request', (request, response) => {
    if (request.headers.host === undefined && request.httpVersion === '1.1')
      refuseInTurn(400, MALFORMED.text, response);
    else answer.call(server, request, response);
  });
}

function refuseInTurn(status: number, text: string, response: ServerResponse): void {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': text.length,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(text);
}
