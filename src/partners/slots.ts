// Gives every name a small number of its own, for tables indexed by it. Promises: a name keeps its number for as long as it
// is asked for; a number that became free is the last to be given again, so that what was counted under it has faded.

type Slots = {
  /** The number of each name, in order; names that were not asked for give theirs back. Throws RangeError past `size` names. */
  assign(names: readonly string[]): number[];
};

export function createSlots(size: number): Slots {
  let taken = new Map<string, number>();
  const free = Array.from({ length: size }, (_, slot) => slot);
  return {
    assign(names) {
      if (names.length > size) throw new RangeError(`more than ${size} names`);
      const wanted = new Set(names);
      const kept = new Map<string, number>();
      for (const [name, slot] of taken) {
        if (wanted.has(name)) kept.set(name, slot);
        else free.push(slot);
      }
      taken = kept;
      return names.map((name) => {
        const slot = taken.get(name) ?? free.shift()!;
        taken.set(name, slot);
        return slot;
      });
    },
  };
}
