// Versions of the privacy policy: which is in force, who has yet to be told. Promises:
// pure; a published version never changes, so the same history always gives the same answers.

/** What a material version may widen. */
export const WIDENS = ['purposes', 'recipients', 'precision'] as const;
export type Widens = (typeof WIDENS)[number];

export type PolicyVersion = {
  readonly version: string;
  /** In force from here on, epoch milliseconds. */
  readonly effectiveAt: number;
  readonly publishedAt: number;
  readonly material: boolean;
  /** Empty unless material. */
  readonly widens: readonly Widens[];
  readonly texts: readonly { readonly language: string; readonly sha256: string }[];
};

/** The version in force; null before the first. */
export function currentPolicy(policies: readonly PolicyVersion[], nowMs: number): PolicyVersion | null {
  let current: PolicyVersion | null = null;
  for (const one of policies)
    if (one.effectiveAt <= nowMs && (current === null || one.effectiveAt > current.effectiveAt)) current = one;
  return current;
}

type Told = { readonly version: string; readonly at: number };

/**
 * Policies published since a device registered, and those that were then still to take effect (its person's consents end with them,
 * too): what to show it, and which of those it has not been shown before.
 */
export function noticesOf(
  policies: readonly PolicyVersion[],
  told: readonly Told[],
  registeredAt: number,
  nowMs: number,
): { readonly shown: readonly object[]; readonly fresh: readonly Told[] } {
  const due = policies.filter(
    ({ publishedAt, effectiveAt }) =>
      publishedAt <= nowMs && (publishedAt >= registeredAt || effectiveAt > registeredAt),
  );
  const fresh = due
    .filter((one) => !told.some((known) => known.version === one.version))
    .map(({ version }) => ({ version, at: nowMs }));
  const firstTold = new Map([...told, ...fresh].map(({ version, at }) => [version, at]));
  const shown = due.map(({ version, effectiveAt, material }) => ({
    version,
    effectiveAt: new Date(effectiveAt).toISOString(),
    material,
    url: `/v1/policies/${version}`,
    firstShownAt: new Date(firstTold.get(version)!).toISOString(),
  }));
  return { shown, fresh };
}
