// The registry's part about evidence: the ledger, what was told to recipients, holds, staff, and tombstones of what was erased.
import { TICK_MS } from '../privacy/coarse-state.ts';
import { DAY_MS } from '../time/spans.ts';
import type { TableEntry } from './registry.ts';
import { list } from './registry-list.ts';
import { EVIDENCE_MS } from './registry-people.ts';

/** Notices are for reading soon. */
export const NOTICE_MS = 90 * DAY_MS;

export const EVIDENCE_TABLES: Readonly<Record<string, TableEntry>> = {
  ledger: {
    room: 'disclosures',
    what: 'who was shown what class of thing about the device, how coarse, why, and what staff did; never a place',
    columns: {
      ...list('subject', 'pseudonymous'),
      ...list('at kind application purpose basis precision event_seq policy_version tick detail', 'personal'),
      ...list('seq', 'personal'),
      ...list('hash', 'anonymous'),
    },
    key: ['seq'],
    life: { kind: 'after', column: 'at', ttlMs: EVIDENCE_MS },
    endedBy: 'own job',
    subject: { by: 'ledger', column: 'subject' },
    survivesErasure:
      'evidence that cannot be taken out of a chain; without the key of the device, destroyed first, the pseudonym ties to nothing',
  },
  ledger_head: {
    room: 'disclosures',
    what: 'both ends of the chain',
    columns: list('only seq hash touched dropped_seq dropped_hash', 'anonymous'),
    key: ['only'],
    life: { kind: 'lasts', because: 'as long as the ledger' },
    endedBy: 'nothing',
  },
  disclosure_counts: {
    room: 'disclosures',
    what: 'how many answers were given without a device token, by application and quarter of an hour',
    columns: list('application tick outcome count', 'anonymous'),
    key: ['application', 'tick', 'outcome'],
    life: {
      kind: 'when',
      sql: `t.tick::int8 * ${TICK_MS} <= $1::int8 - ${EVIDENCE_MS}`,
      says: 'three years, as the ledger',
    },
    endedBy: 'sweep',
  },
  replicas: {
    room: 'disclosures',
    what: 'gateways that answer from memory',
    columns: list('id seen lease_until', 'anonymous'),
    key: ['id'],
    life: {
      kind: 'when',
      sql: `extract(epoch from t.lease_until) * 1000 <= $1::int8 - ${DAY_MS}`,
      says: 'a day after its lease ran out',
    },
    endedBy: 'sweep',
  },
  legal_holds: {
    room: 'rights',
    what: 'rows that law forbids to delete for now, with reason and end',
    columns: {
      ...list('id device', 'pseudonymous'),
      ...list('table_name row_key reason placed_by placed_at ends_at', 'personal'),
    },
    key: ['id'],
    life: { kind: 'after', column: 'ends_at', ttlMs: EVIDENCE_MS },
    endedBy: 'sweep',
    subject: { by: 'device', column: 'device' },
  },
  erasures: {
    room: 'rights',
    what: 'erasures at work, and tombstones of those that are done: hashes and times',
    columns: {
      ...list('marker code_hash', 'secret'),
      ...list('device', 'pseudonymous'),
      ...list('master_key', 'anonymous'),
      ...list('cause step started_at done_at', 'personal'),
    },
    key: ['marker'],
    life: { kind: 'after', column: 'done_at', ttlMs: EVIDENCE_MS },
    endedBy: 'sweep',
    subject: { by: 'device', column: 'device' },
    survivesErasure: 'a tombstone: the hashes prove that it was done, and find the device again in a restored backup',
  },
  suppressions: {
    room: 'rights',
    what: 'tokens of devices that were erased, whatever the cause, as hashes under a secret outside the database: they get an empty export',
    columns: { ...list('marker', 'secret'), ...list('at expires_at', 'anonymous') },
    key: ['marker'],
    life: { kind: 'until', column: 'expires_at' },
    endedBy: 'sweep',
  },
  recipient_notices: {
    room: 'rights',
    what: 'what recipients were told of a withdrawal, correction, restriction or erasure; never a place',
    columns: {
      ...list('handles', 'pseudonymous'),
      ...list('id application kind at read_at', 'personal'),
    },
    key: ['id'],
    life: { kind: 'after', column: 'at', ttlMs: NOTICE_MS },
    endedBy: 'sweep',
    subject: { by: 'handles', column: 'handles' },
    survivesErasure:
      'it is how the recipient learns of the erasure; it names the device only to who presented its token',
  },
  complaints: {
    room: 'rights',
    what: 'complaints, how to answer them and the answers, each sealed under a key of its own',
    columns: {
      ...list('ticket_hash', 'secret'),
      ...list('id', 'pseudonymous'),
      ...list('state jurisdiction received_at due_at ended_at', 'personal'),
      ...list('sealed', 'sealed'),
    },
    key: ['id'],
    life: { kind: 'after', column: 'ended_at', ttlMs: EVIDENCE_MS },
    endedBy: 'sweep',
  },
  staff: {
    room: 'rights',
    what: 'who may do what by the command line',
    columns: { ...list('id roles added_at ended_at', 'personal'), ...list('key_hash', 'secret') },
    key: ['id'],
    life: { kind: 'after', column: 'ended_at', ttlMs: EVIDENCE_MS },
    endedBy: 'sweep',
  },
};
