// A store that is away, lets nobody in, is busy past what anybody waits for, or without the head of its ledger, is the gateway's 503: the caller may try again. Anything else that
// goes wrong in the store stays the bug it is.
import { LedgerHeadGone } from '../disclosures/chain.ts';
import { refusalError, UNAVAILABLE } from '../http/refusal.ts';
import { describeStoreLoss } from '../storage/open.ts';

/** SQLSTATE of waits that were cut short: for a lock, by a time limit, in a transaction that stood still. */
const CUT_SHORT = new Set(['55P03', '57014', '25P03']);

/** Class of SQLSTATE by which a server lets nobody in: the password was changed, or pg_hba.conf, while the gateway goes on. */
const NOT_LET_IN = '28';

/** SQLSTATE of a key that is taken: of the ledger, a row past its end, which `audit verify` names. Nothing can be written until it is gone. */
const TAKEN = '23505';

/** What `work` resolves to; rejects with the refusal `unavailable` where the store is the reason. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code = '', table } = error as { code?: string; table?: string };
    const lost =
      describeStoreLoss(error) !== null ||
      CUT_SHORT.has(code) ||
      code.startsWith(NOT_LET_IN) ||
      (code === TAKEN && table === 'ledger') ||
      error instanceof LedgerHeadGone;
    throw lost ? refusalError(UNAVAILABLE) : error;
  }
}
