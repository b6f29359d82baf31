/** What comes in place of the next page of a copy whose token is over by then. */
export class CopyEnded extends Error {
  override readonly name = 'CopyEnded';
  constructor() {
    super('the token of a copy ended while it was read');
  }
}
