// What crosses HTTP when a phone registers and when its user looks at, or changes, what is known of them.
import { Type } from 'typebox';
import { AGE_BANDS, type AgeBand, SOURCE, SOURCE_NAMES } from './device-contract.ts';

const exact = { additionalProperties: false } as const;

const Jurisdiction = Type.Union([Type.String({ pattern: '^[A-Z]{2}$' }), Type.Null()], {
  description: 'ISO 3166-1 alpha-2; null = unknown, the strictest common rules hold',
});
const AgeBandName = Type.Unsafe<AgeBand>({ type: 'string', enum: AGE_BANDS });
const Switches = Type.Object(Object.fromEntries(SOURCE_NAMES.map((name) => [name, Type.Optional(Type.Boolean())])), {
  ...exact,
  description: 'Sources that may be used; one that is off is neither used nor stored',
});
const Sources = Type.Object(Object.fromEntries(SOURCE_NAMES.map((name) => [name, Type.Boolean()])));
const Time = Type.String({ format: 'date-time' });

export const RegisterBody = Type.Object(
  {
    jurisdiction: Type.Optional(Jurisdiction),
    ageBand: Type.Optional(AgeBandName),
    sources: Type.Optional(Switches),
  },
  { ...exact, title: 'Registration' },
);

export const Registered = Type.Object(
  {
    token: Type.String({ description: 'Presented from now on; shown once, only its hash is kept' }),
    expiresAt: Time,
    proofKey: Type.String({
      description:
        '32 bytes, base64url: decode it before it keys an HMAC. Never sent again nor back: proves the phone when data is edited or erased',
    }),
    jurisdiction: Jurisdiction,
    ageBand: AgeBandName,
    sources: Sources,
  },
  { title: 'Registered' },
);

export const Rotated = Type.Object(
  { token: Type.String(), expiresAt: Time, oldTokenEndsAt: Time },
  { title: 'Rotated' },
);

export const PatchBody = Type.Object(
  {
    jurisdiction: Type.Optional(Jurisdiction),
    ageBand: Type.Optional(AgeBandName),
    sources: Type.Optional(Switches),
    marketing: Type.Optional(
      Type.Boolean({ description: 'Wants offers. While it is off nothing is shown to anybody for marketing' }),
    ),
    acceptedPolicy: Type.Optional(
      Type.String({ maxLength: 40, description: 'A version that was read and accepted; this consents to nothing' }),
    ),
  },
  { ...exact, minProperties: 1, title: 'Changes' },
);

const Notice = Type.Object({
  version: Type.String(),
  effectiveAt: Time,
  material: Type.Boolean({ description: 'Consents that the change touches wait for a new yes' }),
  url: Type.String(),
  firstShownAt: Time,
});

export const Me = Type.Object(
  {
    id: Type.String({ description: 'What to call this device when talking to the operator; no partner ever sees it' }),
    registeredOn: Type.String({ format: 'date' }),
    tokenExpiresAt: Time,
    jurisdiction: Jurisdiction,
    ageBand: AgeBandName,
    sources: Sources,
    marketing: Type.Boolean(),
    restricted: Type.Boolean(),
    objectedToCounts: Type.Boolean(),
    guarded: Type.Boolean({ description: 'Partners are answered by application tokens only' }),
    needsParent: Type.Boolean({
      description: "A child's device without a parent's consent: nothing is shown to anybody",
    }),
    acceptedPolicy: Type.Union([Type.String(), Type.Null()]),
    statedOn: Type.Record(Type.String(), Type.String({ format: 'date' })),
    notices: Type.Array(Notice, { description: 'Policies published, or in effect, since the device registered' }),
  },
  { title: 'Me' },
);

export function writeSwitches(mask: number): Record<string, boolean> {
  return Object.fromEntries(SOURCE_NAMES.map((name) => [name, (mask & SOURCE[name]) !== 0]));
}
