// What a test file leaves to be ended after it. Test files share a process, and what they import is evaluated once in it: an
// `afterAll` of a module that they share would be heard by the first of them alone, so it stands in after-each-file.ts.

const endings: (() => Promise<void> | void)[] = [];

/** Runs `end` after this test file, last registered first. */
export function afterFile(end: () => Promise<void> | void): void {
  endings.push(end);
}

/** Runs them all, whatever one of them says: the next file finds nothing of this one. */
export async function endFile(): Promise<void> {
  const failures: unknown[] = [];
  for (const end of endings.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
}
