// Queries that run many times a second, planned once a connection. Promises: same rows as unprepared. On PostgreSQL only: the
// connections of the embedded store share one session, in which their names would meet.
import type { ClientBase, Pool, QueryResult, QueryResultRow } from 'pg';

/** Names connections to a PostgreSQL server, there and here. */
export const APPLICATION_NAME = 'honeyguide';
/** Names connections to the embedded store, whose gate lets in no others. */
export const EMBEDDED_NAME = 'honeyguide-embedded';

/** What pg's types don't say of a client: how it was connected. */
type Connected = (ClientBase | Pool) & { readonly connectionParameters?: { readonly application_name?: string } };

/** `client.query`, under a name that belongs to this text; through a pool, whose connections are not known, without. */
export function queryPrepared<Row extends QueryResultRow>(
  client: ClientBase | Pool,
  name: string,
  text: string,
  values: unknown[],
): Promise<QueryResult<Row>> {
  const isServer = (client as Connected).connectionParameters?.application_name === APPLICATION_NAME;
  return client.query<Row>(isServer ? { name, text, values } : { text, values });
}
