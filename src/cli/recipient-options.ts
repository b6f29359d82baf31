// The options that describe a partner and its applications, as `partners` and `keys add` read them. Promises: what is not
// given stays absent; what is wrong is a UsageError that says what a right value looks like.
import { isPurpose, PURPOSE_NAMES } from '../consent/purposes.ts';
import { isKeyName } from '../partners/keys.ts';
import { isContact, isController, isPolicyUrl, isRecipientId, ROLES, type Role } from '../partners/recipient.ts';
import { UsageError } from './context.ts';

export const PARTNER_OPTIONS = {
  role: { type: 'string' },
  'policy-url': { type: 'string' },
  contact: { type: 'string' },
  controller: { type: 'string' },
  'ad-funded': { type: 'boolean' },
} as const;
export const APPLICATION_OPTIONS = { purposes: { type: 'string' }, 'max-precision': { type: 'string' } } as const;

type PartnerValues = { [K in Exclude<keyof typeof PARTNER_OPTIONS, 'ad-funded'>]?: string } & { 'ad-funded'?: boolean };
type ApplicationValues = { [K in keyof typeof APPLICATION_OPTIONS]?: string };

type PartnerDetails = {
  role?: Role;
  policyUrl?: string;
  contact?: string;
  controller?: string;
  adFunded?: boolean;
};
type ApplicationDetails = { purposes?: string[]; maxPrecision?: number };

export function readPartner(given: PartnerValues): PartnerDetails {
  const role = ROLES.find((known) => known === given.role);
  if (given.role !== undefined && role === undefined) throw new UsageError(`--role must be one of ${ROLES.join(', ')}`);
  return present({
    role,
    policyUrl: checked(given['policy-url'], isPolicyUrl, '--policy-url must be an https address'),
    contact: checked(given.contact, isContact, '--contact must be an e-mail address or an https page'),
    controller: checked(given.controller, isController, '--controller must be a name and a postal address on one line'),
    adFunded: given['ad-funded'],
  });
}

export function readApplication(given: ApplicationValues): ApplicationDetails {
  const purposes = given.purposes?.split(',').map((name) => name.trim());
  if (purposes && !(purposes.every(isPurpose) && new Set(purposes).size === purposes.length))
    throw new UsageError(`--purposes must list some of ${PURPOSE_NAMES.join(', ')}, separated by commas`);
  const limit = given['max-precision'];
  if (limit !== undefined && limit !== 'region' && limit !== 'precise')
    throw new UsageError('--max-precision must be region or precise');
  return present({ purposes, maxPrecision: limit && (limit === 'region' ? 1 : 2) });
}

/** A name that people can read in a list. */
export function readName(given: string | undefined): string {
  if (given === undefined || !isKeyName(given))
    throw new UsageError('--name must say whose it is, in 1 to 100 characters');
  return given.trim();
}

export function readId(given: string | undefined): string | undefined {
  return checked(given, isRecipientId, '--id must be made of a-z, 0-9 and single hyphens, 64 at most');
}

function checked(given: string | undefined, isRight: (text: string) => boolean, otherwise: string): string | undefined {
  if (given !== undefined && !isRight(given)) throw new UsageError(otherwise);
  return given?.trim();
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined | ''> };

function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
