// What crosses HTTP when people use their rights.
import { Type } from 'typebox';
import { SOURCE_NAMES } from '../devices/device-contract.ts';
import { LANGUAGES } from '../devices/source-words-contract.ts';
import { HOLD_CAUSES } from './legal-limits.ts';
import { PROOF_ACTIONS } from './proof.ts';
import { REQUEST_KINDS, REQUEST_STATES } from './request.ts';

const exact = { additionalProperties: false } as const;
const Time = Type.String({ format: 'date-time' });
const Maybe = (of: ReturnType<typeof Type.String>) => Type.Union([of, Type.Null()]);
const OneOf = (names: readonly string[]) => Type.Unsafe<string>({ type: 'string', enum: names });
/** Free text that somebody has to read. */
const MAX_STATEMENT = 2_000;

const Action = Type.Unsafe<string>({
  ...OneOf(PROOF_ACTIONS),
  description:
    'What is to be proven: `consent` to say yes or take a no back; `applicationTokens` for POST /v1/me/tokens and DELETE /v1/me/guard; ' +
    '`token` to replace or end the phone’s own; `profile` for PATCH /v1/me; `lifting` for DELETE /v1/me/restrict; ' +
    '`objection` for DELETE /v1/me/object; `rectification` and `erasure` for the POST of that name',
});

export const ChallengeBody = Type.Object({ action: Action }, { ...exact, title: 'ChallengeBody' });
export const Challenge = Type.Object(
  { nonce: Type.String(), action: OneOf(PROOF_ACTIONS), expiresAt: Time },
  { title: 'Challenge', description: 'Good once, for five minutes, for this action of this phone.' },
);

export const RequestAnswer = Type.Object(
  {
    id: Type.String(),
    kind: OneOf(REQUEST_KINDS),
    state: OneOf(REQUEST_STATES),
    receivedAt: Time,
    dueAt: Time,
    extendedAt: Maybe(Time),
    extension: Maybe(Type.String()),
    endedAt: Maybe(Time),
    reason: Maybe(Type.String({ description: 'Why it was refused' })),
  },
  { title: 'RightsRequest' },
);
export const RequestList = Type.Object({ requests: Type.Array(RequestAnswer) }, { title: 'RightsRequests' });

/** `request`, and `challenge` where proof is wanted first. */
export const Accepted = Type.Object(
  {
    request: RequestAnswer,
    challenge: Type.Optional(Challenge),
  },
  { title: 'AcceptedRequest' },
);

export const RectificationBody = Type.Object(
  {
    field: OneOf(['position', 'jurisdiction', 'ageBand', 'sources', 'consent', 'other']),
    value: Type.Optional(Type.Unknown({ description: 'What it should be' })),
    statement: Type.Optional(Type.String({ maxLength: MAX_STATEMENT })),
  },
  { ...exact, title: 'RectificationBody' },
);

export const ErasureAnswer = Type.Object(
  {
    state: Type.Literal('in progress'),
    code: Type.String({ description: 'Ask GET /v1/privacy/erasures/{code} how far it is: the token has ended' }),
  },
  { title: 'ErasureBegun' },
);
const HeldByLaw = Type.Object(
  { because: OneOf(HOLD_CAUSES), until: Time },
  { description: 'Rows that law forbids to delete yet, and why; not said while law forbids that, too' },
);
export const ErasureStatusAnswer = Type.Object(
  {
    state: OneOf(['in progress', 'done']),
    startedAt: Time,
    doneAt: Maybe(Time),
    heldByLaw: Type.Union([HeldByLaw, Type.Null()]),
  },
  { title: 'ErasureStatus' },
);

export const DisclosuresQuery = Type.Object(
  {
    language: Type.Optional(OneOf(LANGUAGES)),
    before: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description: '`next` of the page before' })),
  },
  exact,
);
export const Disclosures = Type.Object(
  {
    disclosures: Type.Array(
      Type.Object({
        at: Time,
        what: OneOf(['precise', 'region', 'none']),
        application: Maybe(Type.String()),
        name: Maybe(Type.String()),
        purpose: Maybe(Type.String()),
        basis: Maybe(Type.String()),
        policyVersion: Maybe(Type.String()),
        sources: Type.Union([Type.Array(OneOf(SOURCE_NAMES)), Type.Null()], {
          description: 'By what a precise position was found; null for what is not one, and where it was not noted',
        }),
        inWords: Type.String(),
      }),
    ),
    next: Maybe(Type.String()),
  },
  { title: 'Disclosures', description: 'Newest first; never a place, which is not kept.' },
);

export const Export = Type.Object(
  { format: Type.String(), createdAt: Time, held: Type.Object({}, { additionalProperties: true }) },
  {
    title: 'Export',
    additionalProperties: true,
    description:
      'Everything that is held, by table: what it is, how long it is kept, every row. Hashes and keys are named only. Of an erased phone nothing; `heldByLaw` if law forbids to delete some of it yet.',
  },
);
