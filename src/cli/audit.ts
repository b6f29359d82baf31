// `honeyguide audit`: proves that nobody has changed the ledger since it was written.

import { parseArgs } from 'node:util';
import { readMasterKeys } from '../config/master-keys.ts';
import { loadSecrets, secretsPath } from '../config/secrets.ts';
import { masterKeysOf } from '../devices/master-keys.ts';
import { ledgerReader } from '../disclosures/store.ts';
import { type Fault, type KnownEnd, type Verdict, verifyLedger } from '../disclosures/verify.ts';
import { type CommandContext, UsageError } from './context.ts';

export const usage = `usage: honeyguide audit verify [--known SEQ:HASH] [--json]

Reads the whole ledger of disclosures and decisions beside a running server and checks that no row was edited, removed,
moved or added by anybody without the ledger's key, that every consent is what its row says, and that nobody is shown more of a
device than was noted of it with its last row. Exit code 1 if one is not. It ends with the number and hash of the last
row: note it outside this machine and give it as --known the next time, and a ledger that was set back is found as well.
A running gateway answers the same on its operators' port, while that is loopback: GET /v1/audit/verify.
`;

const IN_WORDS: Readonly<Record<Fault, string>> = {
  headGone:
    'is to be found nowhere: what says where the ledger ends (ledger_head) was removed, and nothing is written to it',
  missing: 'is missing',
  changed: 'is not what was written, or not in its place',
  tailCut: 'and what followed it was removed, or the end does not belong to the ledger',
  beginningCut: 'is not the first one: rows before it were removed, and not for age',
  forgedConsent:
    'does not say what the consent of its number says (grants, consent_events): somebody changed that, or wrote it past the ledger',
  forgedDevice:
    'noted another thing of its device than what gateways go by (devices, parental_consents): somebody took a restriction, a mark or a switch away past the ledger',
  added: 'lies beyond the ends of the ledger: somebody wrote it past the chain',
  notTheKnownEnd: 'is not the row that was noted: the ledger was set back or replaced',
};

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { known: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  if (positionals.length !== 1 || positionals[0] !== 'verify') throw new UsageError('verify?');
  const known = values.known === undefined ? undefined : knownEnd(values.known);
  const { pool } = await context.openStore();
  const { ledgerKey } = loadSecrets(context.config, context.random);
  const masters = masterKeysOf(readMasterKeys(secretsPath(context.config)));
  const { broken, rows, seq, hash } = await verifyLedger(ledgerReader(pool, masters), ledgerKey, known);
  const end = `${seq}:${hash.toString('hex')}`;
  if (values.json) context.output.write(`${JSON.stringify({ holds: broken === null, rows, end, broken })}\n`);
  else if (broken === null) context.output.write(`The ledger holds: ${rows} rows.\nEnd: ${end}\n`);
  else context.output.write(`The ledger does not hold: ${rowOf(broken)} ${IN_WORDS[broken.what]}.\n`);
  return broken === null ? 0 : 1;
}

function rowOf({ at, what }: NonNullable<Verdict['broken']>): string {
  return what === 'headGone' ? 'the last row' : `row ${at}`;
}

function knownEnd(text: string): KnownEnd {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined) throw new UsageError('--known must be SEQ:HASH as an earlier run printed it');
  return { seq: Number(seq), hash: Buffer.from(hash, 'hex') };
}
