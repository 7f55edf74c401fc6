import type { RunListener } from '../run/events';

/** A concurrency that was lowered because the server accepts no more connections. */
export interface LoweredConcurrency {
  readonly requested: number;
  /** How many targets were worked on at once in the end. */
  readonly used: number;
}

/** How many targets a command works on at once. Lowered while it runs, for all that follows, and never raised again. */
export class Concurrency {
  private current: number;

  constructor(
    private readonly requested: number,
    private readonly onEvent: RunListener,
  ) {
    this.current = requested;
  }

  get limit(): number {
    return this.current;
  }

  /** `undefined` as long as it is what was requested. */
  get lowered(): LoweredConcurrency | undefined {
    const { requested, current: used } = this;
    return used < requested ? { requested, used } : undefined;
  }

  /** Emits an event the first time. */
  lower(limit: number): void {
    if (limit >= this.current) return;
    const isFirst = this.current === this.requested;
    this.current = limit;
    if (isFirst) this.onEvent({ type: 'connections-limited', concurrency: this.requested });
  }
}
