// Which application was shown a phone by which token, the phone's own or one made for that application: notices name the phone to it by
// those, and by no other (attack: two recipients that never held a token in common compare their notices). Promises: kept in the
// transaction in which the first such answer is written down, so that tokens nobody presents push none out; each once, as far as a
// thread remembers.
import type { ClientBase } from 'pg';
import { noticeHandle, ownHandlesOf } from '../rights/notice-handle.ts';
import type { Named } from './subjects-store.ts';

/** Of the phone's own tokens one a month, of an application's one a day, as long as the ledger knows who was shown what: three years. */
const OWN_HANDLES = 40;
const APPLICATION_HANDLES = 1_100;
/** Pairs of an application and a token that are remembered, and as many of before; the others are written down again. */
const MAX_PAIRS = 100_000;

export type Presented = {
  /** True if it need not be kept: it is. */
  isKept(ask: Named): boolean;
  /** They are durable. */
  note(asks: Iterable<Named>): void;
};

/** A device that was shown to an application by the token it presented. */
export type Shown = { readonly device: string; readonly ask: Named };

export function createPresented(): Presented {
  let pairs = new Set<string>();
  let former = new Set<string>();
  const pairOf = ({ application, tokenHash }: Named) => `${application} ${tokenHash.toString('base64url')}`;
  function remember(pair: string): void {
    if (pairs.size >= MAX_PAIRS) {
      former = pairs;
      pairs = new Set();
    }
    pairs.add(pair);
  }
  return {
    isKept(ask) {
      const pair = pairOf(ask);
      if (pairs.has(pair)) return true;
      if (!former.has(pair)) return false;
      remember(pair);
      return true;
    },
    note(asks) {
      for (const ask of asks) remember(pairOf(ask));
    },
  };
}

/** Keeps by which tokens devices were shown, the newest of each kind for each application. */
export async function keepPresented(client: ClientBase, shown: readonly Shown[], nowMs: number): Promise<void> {
  const devices = shown.map(({ device }) => device);
  const holders = shown.map(({ ask }) => (ask.isBound === true ? ask.application : ownHandlesOf(ask.application)));
  await client.query(
    `insert into notice_handles (device, application, handle, issued_at)
     select distinct device, holder, handle, $4::int8 from unnest($1::uuid[], $2::text[], $3::text[]) as s(device, holder, handle)
     on conflict do nothing`,
    [devices, holders, shown.map(({ ask }) => noticeHandle(ask.tokenHash)), nowMs],
  );
  await client.query(
    `delete from notice_handles n using unnest($1::uuid[], $2::text[], $3::int[]) as s(device, holder, most),
       lateral (select handle from notice_handles where device = s.device and application = s.holder
         order by issued_at desc, handle offset s.most) as old
     where n.device = s.device and n.application = s.holder and n.handle = old.handle`,
    [devices, holders, shown.map(({ ask }) => (ask.isBound === true ? APPLICATION_HANDLES : OWN_HANDLES))],
  );
}
