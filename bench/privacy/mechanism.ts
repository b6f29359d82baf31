// What the privacy bench compares: a mechanism makes phones, a phone turns its raw position into what a partner is told.
// Promises of an adapter: a phone's secrets come from the `random` it was made with and from nothing else, so that an
// attacker, who knows the mechanism but not the secrets, can run as many phones of his own as he likes.
import type { Random } from '../../fixtures/random.ts';

/** What a partner is told: a circle, and the name of it where the mechanism has a fixed set of answers. */
export type Told = { readonly name: string; readonly lat: number; readonly lon: number; readonly radiusM: number };

/** Degrees and epoch ms in; null = nothing is told (suppressed). Time does not run backwards between calls. */
export type Phone = (lat: number, lon: number, nowMs: number) => Told | null;

export type Mechanism = {
  readonly name: string;
  /** What a phone that lies still is told: one thing, one thing that moves with the hours, or something new every time. */
  readonly kind: 'fixed' | 'drifting' | 'noisy';
  phone(random: Random): Phone;
  /** What it would tell without a phone's secrets; absent, what any phone tells. Who could be told an answer is judged by it. */
  readonly still?: (lat: number, lon: number) => Told | null;
};

/** Where people are, to the finest cell that is public: residents by H3 cell of resolution 8 (Kontur's grid). */
export type Residents = ReadonlyMap<string, number>;
