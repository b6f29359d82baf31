// Questions under a purpose that an application has not registered: one row of the ledger an application and tick, so that one that
// asks on adds nothing. Promises: nobody waits for the row; what the store did not take is tried again when the application next
// asks; at most one row of an application is on its way.

/** `append` writes the row; what it rejects with is told to `onError`. */
export function createWrongPurposeNotes(
  append: (application: string, tick: number) => Promise<unknown>,
  onError: (error: unknown) => void,
): (application: string, tick: number) => void {
  let noted = new Set<string>();
  let notedTick = -1;
  return (application, tick) => {
    if (tick !== notedTick) noted = new Set();
    notedTick = tick;
    if (noted.has(application)) return;
    const ofTick = noted;
    ofTick.add(application);
    append(application, tick).catch((error: unknown) => {
      ofTick.delete(application);
      onError(error);
    });
  };
}
