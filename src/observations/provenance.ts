// Whose observations reports are (privacy.md C5): kept with the row as one of four words, told by the key they came with.
// Promises: pure; never finer than the four, so that it tells nothing of who within them. A partner's observations about
// a device that it names would need that device's authorisation. The gateway gives none out, because it has no use for them: who
// reported is never kept, so such a call is turned away before it is read. In a body there is nothing that could name one.

/** As stored: a phone maker's own phones; the operator's collectors (a trusted submit key); a partner; anybody else. */
export const PROVENANCE = { device: 1, operator: 2, partner: 3, crowd: 4 } as const;
export type Provenance = keyof typeof PROVENANCE;

/** What a key says; null = none was sent, or none that is known. */
export function provenanceOf(key: { class: 'device' | 'partner' | 'submit'; trusted?: boolean } | null): Provenance {
  if (key === null) return 'crowd';
  if (key.class !== 'submit') return key.class;
  return key.trusted === true ? 'operator' : 'crowd';
}
