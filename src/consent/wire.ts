// What crosses HTTP when a person says who may see where they are.
import { Type } from 'typebox';
import { SOURCE_NAMES } from '../devices/device-contract.ts';
import { SCOPES } from './purposes.ts';

const exact = { additionalProperties: false } as const;
const Time = Type.String({ format: 'date-time' });
const maybe = (of: ReturnType<typeof Type.String>) => Type.Union([of, Type.Null()]);
export const PRECISION_NAMES = ['none', 'region', 'precise'] as const;
const Precision = Type.Unsafe<(typeof PRECISION_NAMES)[number]>({ type: 'string', enum: PRECISION_NAMES });

export const ConsentParams = Type.Object({
  application: Type.String({
    pattern: '^[a-z0-9-]{1,64}$',
    description: 'The application, as its partner registered it',
  }),
  purpose: Type.String({ maxLength: 64, description: 'A purpose of DPV such as `dpv:ServiceProvision`' }),
});

export const ConsentBody = Type.Object(
  {
    precision: Precision,
    scopes: Type.Optional(
      Type.Array(Type.Unsafe<(typeof SCOPES)[number]>({ type: 'string', enum: SCOPES }), {
        minItems: 1,
        maxItems: SCOPES.length,
        uniqueItems: true,
        description: 'Default: `geolocate`, which the others go along with',
      }),
    ),
    sources: Type.Optional(
      Type.Object(Object.fromEntries(SOURCE_NAMES.map((name) => [name, Type.Optional(Type.Boolean())])), {
        ...exact,
        description:
          'Sources that may be used for a position; those not named are as the device has them. A region is one for all, by what the device lets be used',
      }),
    ),
    expiresAt: Type.Optional(Time),
    validForDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, description: 'Default: 180' })),
    policyVersion: Type.Optional(
      Type.String({ maxLength: 40, description: 'What was read; default: the one in force' }),
    ),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$', maxLength: 35 })),
    textHash: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the text that asked, hex' }),
    ),
    screen: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,40}$', description: 'Which variant of it' })),
  },
  { ...exact, title: 'ConsentBody' },
);

const Consent = Type.Object(
  {
    application: Type.String(),
    applicationName: Type.String(),
    partner: Type.Union([
      Type.Object({
        name: Type.String(),
        role: Type.String(),
        policyUrl: maybe(Type.String()),
        contact: maybe(Type.String()),
        controller: maybe(Type.String()),
      }),
      Type.Null(),
    ]),
    purpose: Type.String(),
    purposeText: Type.Object({ en: Type.String(), nl: Type.String() }),
    state: Type.String({
      description: 'silence, given, reconfirmed, refused, withdrawn, expired, invalidated or objected',
    }),
    precision: Precision,
    scopes: Type.Array(Type.String()),
    sources: Type.Array(Type.String()),
    policyVersion: maybe(Type.String()),
    givenAt: maybe(Time),
    expiresAt: maybe(Time),
    waitsForReconsent: Type.Boolean({ description: 'The policy changed: what it widens waits for a new yes' }),
    shows: Type.String({ description: 'What the application gets now: `precise`, `region` or `nothing`' }),
    because: Type.String({ description: 'Why, in a word' }),
    eventSeq: Type.Union([Type.Integer(), Type.Null()]),
  },
  { title: 'Consent' },
);

const Jws = Type.String({ description: 'Signed receipt: a compact JWS, checked with /.well-known/jwks.json' });
export const ConsentAnswer = Type.Object({ consent: Consent, receipt: Jws }, { title: 'ConsentAnswer' });
export const ConsentOnly = Type.Object({ consent: Consent }, { title: 'ConsentOnly' });
export const ConsentList = Type.Object({ consents: Type.Array(Consent) }, { title: 'ConsentList' });
export const ReceiptList = Type.Object(
  {
    receipts: Type.Array(
      Type.Object({
        id: Type.String(),
        at: Time,
        application: Type.String(),
        purpose: Type.String(),
        state: Type.String(),
      }),
    ),
  },
  { title: 'ReceiptList', description: 'The last thousand, the newest first' },
);
export const ReceiptAnswer = Type.Object(
  {
    id: Type.String(),
    receipt: Jws,
    kantara: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description: 'The same in the fields of the Kantara consent receipt v1.1, not signed',
    }),
  },
  { title: 'ReceiptAnswer' },
);
export const Jwks = Type.Object(
  {
    keys: Type.Array(
      Type.Object({
        kty: Type.String(),
        crv: Type.String(),
        x: Type.String(),
        kid: Type.String(),
        alg: Type.String(),
        use: Type.String(),
      }),
    ),
  },
  { title: 'Jwks' },
);
