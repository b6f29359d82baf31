// Who of the staff may do what (S5). Promises: pure; deny by default: an action nobody has a role for is for nobody.

/** Roles, and what each allows. Nobody has all: who asks for a disclosure cannot approve it. */
export const ROLES = {
  /** Adds and removes staff. */
  admin: ['staff'],
  /** Keeps the gateway: keys of its callers, who receives, the map as a file, the key that wraps others. */
  operator: ['keys', 'partners', 'map', 'master-key', 'removals'],
  /** Answers people: requests, complaints, exports for somebody, marks of children, parents' consents, erasures; policies. */
  privacy: ['rights', 'complaints', 'export', 'erase', 'child', 'parental', 'hold', 'policies', 'removals'],
  /** Asks for and carries out disclosures under law. */
  legal: ['legal:legal_obligation', 'execute:legal_obligation', 'hold'],
  /** Asks for and carries out disclosures against fraud and for security, and to protect rights. */
  security: ['legal:security', 'legal:protect_rights', 'execute:security', 'execute:protect_rights'],
  /** Approves disclosures under law. */
  'legal-approver': ['approve:legal_obligation'],
  /** Approves the others: an approver of their own (C4). */
  'security-approver': ['approve:security', 'approve:protect_rights'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Role = keyof typeof ROLES;
export type StaffAction = (typeof ROLES)[Role][number];

export const ROLE_NAMES = Object.keys(ROLES) as Role[];

export function isRole(name: unknown): name is Role {
  return typeof name === 'string' && Object.hasOwn(ROLES, name);
}

/** Roles that allow an action. */
export function rolesFor(action: StaffAction): Role[] {
  return ROLE_NAMES.filter((role) => (ROLES[role] as readonly string[]).includes(action));
}

export function allows(roles: readonly string[], action: StaffAction): boolean {
  return roles.some((role) => isRole(role) && (ROLES[role] as readonly string[]).includes(action));
}

/** What names somebody: a device's id, a token. The audit chain keeps what it says for years, whoever is erased meanwhile. */
const NAMES_SOMEBODY = /[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|hg[a-z]_[A-Za-z0-9_-]{20}/i;

export const namesSomebody = (text: string): boolean => NAMES_SOMEBODY.test(text);

/** A reason that says something and names nobody: staff reads nothing without one. */
export function isReason(text: unknown): text is string {
  return typeof text === 'string' && text.trim().length >= 8 && text.length <= 200 && !NAMES_SOMEBODY.test(text);
}

type StaffAct = {
  readonly staff: string;
  readonly allowed: boolean;
  readonly action: string;
  /** What is done to which thing; null where it is said by the action, or by whom the row is about. */
  readonly object: string | null;
  readonly reason: string;
};

/** An act as the ledger has it. */
export function staffDetail({ staff, allowed, action, object, reason }: StaffAct): string {
  return `${staff} ${allowed ? '' : 'refused '}${action}${object === null ? '' : ` ${object}`}: ${reason}`;
}

/** The act in such a row; null of rows about something else. Actions hold colons, and no spaces; objects the other way round. */
export function staffActOf(detail: string): StaffAct | null {
  const [, staff, refused, action, object, reason] =
    /^([a-z][a-z0-9.-]+) (refused )?([a-z:_-]*[a-z_])(?: ([^:]+))?: (.*)$/s.exec(detail) ?? [];
  if (staff === undefined) return null;
  return { staff, allowed: refused === undefined, action, object: object ?? null, reason };
}

/** Such a row as the person may see it whom it is about: what was done and why, not by whom. */
export function withoutStaff(detail: string): string {
  const act = staffActOf(detail);
  return act === null ? detail : staffDetail({ ...act, staff: 'staff' });
}
