// What a list of access points counts against who asks (http/stray-budget.ts) is the same whoever it is asked about. Else a
// partner one list short of its limit would see by its own next look-up whether the list was looked at, and so tell a phone
// that could not be located from a child's, a restricted, a refusing or an unknown one, which are one answer (DESIGN 6.5).
import { ALL_SOURCES } from '../devices/device-contract.ts';

type Weighed<Place> = {
  /** Locates by these sources (bits of SOURCE); the list has weighed by then, once, with all that was sent. */
  locate(sources: number): Place;
  /** Has the list weigh though nobody is located by it. */
  weigh(): void;
};

/** `locate` counts what it is asked, the first time for a request. */
export function weighOnce<Place>(locate: (sources: number) => Place): Weighed<Place> {
  let isWeighed = false;
  function weigh(): void {
    if (!isWeighed) locate(ALL_SOURCES);
    isWeighed = true;
  }
  return {
    locate(sources) {
      // Also what a switch or a grant leaves out: how much weighs would tell it.
      if (sources !== ALL_SOURCES) weigh();
      isWeighed = true;
      return locate(sources);
    },
    weigh,
  };
}

/** `locate`, whose failure (a defect of ours) is kept for the one who asked: thrown, it would end the batch of others that it is decided in. */
export function failAlone<Place>(locate: (sources: number) => Place): {
  locate(sources: number): Place | null;
  /** Throws what locating threw. */
  check(): void;
} {
  let failure: { readonly error: unknown } | null = null;
  return {
    locate(sources) {
      try {
        return locate(sources);
      } catch (error) {
        failure = { error };
        return null;
      }
    },
    check() {
      if (failure !== null) throw failure.error;
    },
  };
}
