/** Lets one piece of work after the other use a session, so that the statements of two never mix. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything that asked earlier has settled. `work` must not ask for a turn itself. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
