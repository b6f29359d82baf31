// The doctor's look at a PostgreSQL server: what of its settings, its role and the way to it gives values away or may lose them.
// Reads, never writes; what is as it should be is not told.
import type { Pool } from 'pg';
import { isOnThisMachine } from '../config/settings.ts';
import { connectionsOf } from '../storage/pool.ts';
import type { Finding } from './finding.ts';

type Settings = {
  params: boolean;
  errors: boolean;
  details: boolean;
  statements: boolean;
  fsync: boolean;
  waits: boolean;
  writes: boolean;
  vacuums: boolean;
  superuser: boolean;
  tls: boolean | null;
  connections: number;
};

/**
 * What is weak, for a gateway of that many server threads. The settings are those of a connection like the gateway's, which has set
 * what its role may.
 */
export async function checkPostgres(pool: Pool, url: string, threads: number): Promise<Finding[]> {
  const { rows } = await pool.query<Settings>(`
    select current_setting('log_parameter_max_length') <> '0' as params,
      current_setting('log_parameter_max_length_on_error') <> '0' as errors,
      current_setting('log_error_verbosity') <> 'terse' as details,
      current_setting('log_statement') in ('mod', 'all') or current_setting('log_min_duration_statement') <> '-1'
        or current_setting('log_min_duration_sample') <> '-1' or current_setting('log_transaction_sample_rate') <> '0' as statements,
      current_setting('fsync')::bool as fsync,
      current_setting('synchronous_commit') <> 'off' as waits,
      current_setting('transaction_read_only') = 'off' as writes,
      current_setting('autovacuum')::bool and current_setting('track_counts')::bool as vacuums,
      (select rolsuper from pg_roles where rolname = current_user) as superuser,
      (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls,
      (select least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
         nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1))
       from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()) as connections`);
  const [found] = rows;
  const weak = (what: string, says: string): Finding => ({ what, state: 'weak', says });
  const findings: Finding[] = [];
  if (!found.writes) {
    const says = 'read only: a standby, or default_transaction_read_only is on: no report and no consent is taken';
    findings.push({ what: 'store writes', state: 'wrong', says });
  }
  if (!found.vacuums) {
    const says = 'autovacuum or track_counts is off: room of what is deleted is not used again, and the disk fills up';
    findings.push(weak('store vacuum', says));
  }
  if (found.statements && found.params) {
    const says =
      'PostgreSQL logs statements with their parameters (names, hashes of keys): set log_parameter_max_length = 0';
    findings.push(weak('store log', says));
  }
  if (found.errors || found.details) {
    const says = 'PostgreSQL logs details of failed statements, which quote rows: set log_error_verbosity = terse';
    findings.push(weak('store errors', says));
  }
  if (found.tls !== true && !isOnThisMachine(url)) {
    findings.push(
      weak('store transport', 'PostgreSQL on another machine without TLS: add sslmode=verify-full to DATABASE_URL'),
    );
  }
  if (found.superuser) findings.push(weak('store role', 'a superuser: a role that owns its database is enough'));
  if (!found.fsync)
    findings.push(weak('store fsync', 'off: a power cut can destroy the store, not only its last moments'));
  if (!found.waits) {
    findings.push(weak('store commits', 'synchronous_commit is off: a crash loses reports that were acknowledged'));
  }
  if (found.connections < connectionsOf(threads)) {
    const says = `${found.connections} are let in, and a gateway of ${threads} server threads opens up to ${connectionsOf(threads)}: who finds none is told 503; raise max_connections`;
    findings.push(weak('store connections', says));
  }
  return findings;
}
