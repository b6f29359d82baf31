// How the person is told that their yes can't be taken. Promises: a closed list; only ever sent to the person, never to whoever
// asks for a location.
import type { RefusedConsent } from './judge.ts';

type Words = { readonly status: number; readonly word: string; readonly title: string };

const say = (status: number, word: string, title: string): Words => ({ status, word, title });

export type ConsentProblem = RefusedConsent | 'unknownApplication' | 'noPolicy' | 'proofNeeded';
export const CONSENT_PROBLEMS: Readonly<Record<ConsentProblem, Words>> = {
  unknownApplication: say(404, 'unknown-application', 'There is no such application'),
  noPolicy: say(409, 'no-policy', 'No privacy policy is in force'),
  proofNeeded: say(403, 'proof-needed', 'A fresh proof of the phone is needed'),
  applicationSuspended: say(409, 'application-suspended', 'This application is suspended'),
  applicationInactive: say(409, 'application-inactive', 'Its maker has not said how it handles data, and whom to ask'),
  purposeNotRegistered: say(409, 'purpose-not-registered', 'The application has not registered this purpose'),
  notOffered: say(409, 'not-offered', 'This application is given regions only'),
  policyOutdated: say(409, 'policy-outdated', 'The policy that was read is not the one in force'),
  badExpiry: say(422, 'bad-expiry', 'It must end in the future, and within a year'),
  parentNeeded: say(403, 'parent-needed', 'A child’s consent counts only with a parent’s verified consent'),
  parentLimits: say(403, 'parent-limits', 'The parent’s consent does not name precise locations'),
  ageUnknown: say(422, 'age-unknown', 'Precise locations can be shared once an age band is stated'),
  notForChildren: say(403, 'not-for-children', 'A child’s precise location is never shared for advertising'),
};
