// pg's client, whose queries leave nothing to the collector of old objects, and whose lost connections end no process.
// V8 puts a function that is written down in an assignment to a property (`query.callback = () => …`, as pg has it for each
// promise and each time limit) among the old objects at once: dead when its query is answered, it keeps all that the query
// reaches, parameters, rows and whoever waits for them, until the old are collected, and every collection of the young copies
// it. A function that is passed on is young. Promises: pg's answers and errors; a query that is not answered in time fails
// ("Query read timeout"), and with it its connection and whatever else waits there.
import pg from 'pg';

/** A query with a time limit of its own, instead of its connection's. */
export type TimedQuery = pg.QueryConfig & { readonly limitMs: number };

type Done = (error: Error | null, result: pg.QueryResult) => void;

/** What pg's types don't say of a client: its stream, and how long its queries may take (ms, 0 = as long as they need). */
type Inside = {
  readonly connection: { readonly stream: { destroy(error: Error): void } };
  readonly connectionParameters: { query_timeout: number };
};

export class Client extends pg.Client {
  readonly #limitMs: number;

  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const { connectionParameters } = this as unknown as Inside;
    this.#limitMs = Number(connectionParameters.query_timeout) || 0;
    connectionParameters.query_timeout = 0;
    this.on('error', lost);
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg declares eight signatures, of which this is the sum.
  override query(config: any, values?: any, done?: any): any {
    if (typeof config?.submit === 'function') return super.query(config, values, done);
    if (typeof values === 'function') return this.query(config, undefined, values);
    if (typeof done === 'function') return super.query(config, values, this.#inTime(config.limitMs, done));
    return new Promise((resolve, reject) => {
      this.query(config, values, (error: Error | null, result: pg.QueryResult) => {
        if (error) reject(error);
        else resolve(result);
      });
    }).catch(fromHere);
  }

  #inTime(limitMs: number | undefined, done: Done): Done {
    const ms = limitMs ?? this.#limitMs;
    if (ms <= 0) return done;
    const timer = setTimeout(giveUp, ms, this);
    return (error, result) => {
      clearTimeout(timer);
      done(error, result);
    };
  }
}

function giveUp(client: Client): void {
  (client as unknown as Inside).connection.stream.destroy(new Error('Query read timeout'));
}

/** As pg does it: a stack that leads to who asked, not to the socket that answered. */
function fromHere(error: Error): never {
  Error.captureStackTrace(error);
  throw error;
}

/** A connection that is lost fails its queries, and the next one; unheard, the event would end the process too. */
function lost(): void {}
