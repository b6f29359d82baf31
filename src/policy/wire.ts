// What crosses HTTP about policies.
import { Type } from 'typebox';

const Time = Type.String({ format: 'date-time' });
const Sha256 = Type.String({ description: 'SHA-256 of the text, hex' });
const version = {
  version: Type.String(),
  effectiveAt: Time,
  publishedAt: Time,
  current: Type.Boolean(),
  material: Type.Boolean({ description: 'Widens what consents may be relied on for' }),
  widens: Type.Array(Type.String()),
};

export const PolicyList = Type.Object(
  {
    policies: Type.Array(
      Type.Object({ ...version, texts: Type.Array(Type.Object({ language: Type.String(), sha256: Sha256 })) }),
    ),
  },
  { title: 'PolicyList', description: 'Every version there ever was, the first first' },
);

export const PolicyDocument = Type.Object(
  {
    ...version,
    texts: Type.Array(Type.Object({ language: Type.String(), sha256: Sha256, text: Type.String() })),
  },
  { title: 'Policy' },
);
