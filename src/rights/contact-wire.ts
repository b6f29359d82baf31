// What crosses HTTP when people turn to us, or want to turn to somebody else.
import { Type } from 'typebox';
import { COMPLAINT_STATES } from './complaints-store.ts';

const exact = { additionalProperties: false } as const;
const Time = Type.String({ format: 'date-time' });
const Jurisdiction = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' });
const Authority = Type.Union([Type.Object({ name: Type.String(), url: Type.String() }), Type.Null()], {
  description: 'The supervisory authority; null if we know none',
});
const Elsewhere = {
  jurisdiction: Type.Union([Jurisdiction, Type.Null()]),
  authority: Authority,
  procedure: Type.String({ description: 'How to go on if our answer does not satisfy' }),
};

export const ContactQuery = Type.Object({ jurisdiction: Type.Optional(Jurisdiction) }, exact);
export const ContactAnswer = Type.Object(
  { contact: Type.String(), complaints: Type.String(), ...Elsewhere },
  { title: 'PrivacyContact' },
);

export const ComplaintBody = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: 5_000 }),
    replyTo: Type.Optional(Type.String({ maxLength: 200, description: 'How to answer, if not by ticket alone' })),
    jurisdiction: Type.Optional(Jurisdiction),
  },
  { ...exact, title: 'ComplaintBody' },
);
const answer = {
  state: Type.Unsafe<string>({ type: 'string', enum: COMPLAINT_STATES }),
  receivedAt: Time,
  answerDueAt: Time,
  endedAt: Type.Union([Time, Type.Null()]),
  answers: Type.Array(Type.String()),
  ...Elsewhere,
};
export const ComplaintAnswer = Type.Object(answer, { title: 'Complaint' });
export const ComplaintFiled = Type.Object(
  { ticket: Type.String({ description: 'Shown once: what the complaint is asked for by' }), ...answer },
  { title: 'ComplaintFiled' },
);
