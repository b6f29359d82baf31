// What crosses HTTP when a phone makes tokens for applications.
import { Type } from 'typebox';

const Time = Type.String({ format: 'date-time' });
const Application = Type.String({
  pattern: '^[a-z0-9-]{1,64}$',
  description: 'The application, as its partner registered it',
});
const Id = Type.String({ description: 'What to end it by; opens nothing' });

export const ApplicationTokenBody = Type.Object(
  { application: Application },
  { additionalProperties: false, title: 'ApplicationTokenBody' },
);

export const ApplicationTokenParams = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
});

export const ApplicationTokenIssued = Type.Object(
  {
    id: Id,
    application: Application,
    token: Type.String({ description: 'Presented by that application, with its own key; shown once' }),
    expiresAt: Time,
    oldTokenEndsAt: Type.Union([Time, Type.Null()], { description: 'When the one before it ends; null = none' }),
  },
  { title: 'ApplicationTokenIssued' },
);

export const ApplicationTokens = Type.Object(
  {
    tokens: Type.Array(
      Type.Object({
        id: Id,
        application: Application,
        name: Type.Union([Type.String(), Type.Null()]),
        createdAt: Time,
        expiresAt: Time,
      }),
    ),
  },
  { title: 'ApplicationTokens' },
);

export const Guarded = Type.Object({ guarded: Type.Boolean() }, { title: 'Guarded' });
