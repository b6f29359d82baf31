// pg's client, whose queries leave nothing to the collector of old objects.
// V8 puts a function that is written down in an assignment to a property (`query.callback = () => …`, as pg has it for each
// promise and each time limit) among the old objects at once: dead when its query is answered, it keeps all that the query
// reaches, parameters, rows and whoever waits for them, until the old are collected, and every collection of the young copies
// it. A function that is passed on is young. Promises: pg's answers and errors; a query that is not answered in time fails
// ("Query read timeout"), and with it its connection and whatever else waits there; a connection that was lost while nobody
// asked fails the next query with what it was lost by, and ends no process.
import pg from 'pg';

/** A query with a time limit of its own, instead of its connection's. */
export type TimedQuery = pg.QueryConfig & { readonly limitMs: number };

type Done = (error: Error | null, result?: pg.QueryResult) => void;

/** What pg's types don't say of a client: its stream, and how long its queries may take (ms, 0 = as long as they need). */
type Inside = {
  readonly connection: { readonly stream: { destroy(): void } };
  readonly connectionParameters: { query_timeout: number };
};

export class Client extends pg.Client {
  readonly #limitMs: number;
  #lostBy: Error | null = null;

  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const { connectionParameters } = this as unknown as Inside;
    this.#limitMs = Number(connectionParameters.query_timeout) || 0;
    connectionParameters.query_timeout = 0;
    // Unheard, the event would end the process.
    this.on('error', (error) => {
      this.#lostBy ??= error;
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg declares eight signatures, of which this is the sum.
  override query(config: any, values?: any, done?: any): any {
    // What pg only passes on: nothing, a query of another class, one that brings its own callback.
    if (typeof (config?.submit ?? config?.callback) === 'function' || config == null)
      return super.query(config, values, done);
    if (typeof values === 'function') return this.#send(config, undefined, values);
    if (typeof done === 'function') return this.#send(config, values, done);
    return new Promise((resolve, reject) => {
      this.#send(config, values, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    }).catch(fromHere);
  }

  #send(config: string | Partial<TimedQuery>, values: unknown[] | undefined, done: Done): void {
    if (this.#lostBy !== null) process.nextTick(done, this.#lostBy);
    else
      super.query(
        config as string,
        values as never,
        this.#inTime(typeof config === 'string' ? undefined : config.limitMs, done),
      );
  }

  #inTime(limitMs: number | undefined, done: Done): Done {
    const ms = limitMs ?? this.#limitMs;
    if (ms <= 0) return done;
    let isAnswered = false;
    const once: Done = (error, result) => {
      if (isAnswered) return;
      isAnswered = true;
      clearTimeout(timer);
      done(error, result);
    };
    const timer = setTimeout(giveUp, ms, this, once);
    return once;
  }
}

function giveUp(client: Client, fail: Done): void {
  fail(new Error('Query read timeout'));
  (client as unknown as Inside).connection.stream.destroy();
}

/** As pg does it: a stack that leads to who asked, not to the socket that answered. */
function fromHere(error: Error): never {
  Error.captureStackTrace(error);
  throw error;
}
