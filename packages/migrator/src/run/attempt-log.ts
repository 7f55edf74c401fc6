import type { MigratorError } from '../errors';
import { historyRow, type Change, type RowFacts, type RunScope } from './change';
import { recordFailure } from './record';
import type { FinishedStatements } from './script-progress';
import { hasOpenTransaction } from './transaction';

/** The rows that one change without a transaction leaves: running, its progress, and how it ended. */
export class AttemptLog {
  private attempt: number;
  private rollbackData: string | undefined;
  private finished: FinishedStatements;
  private readonly started = performance.now();

  constructor(
    private readonly scope: RunScope,
    private readonly change: Change,
  ) {
    this.attempt = change.attempt;
    this.finished = change.finished;
  }

  /** The number of the next row. */
  get nextAttempt(): number {
    return this.attempt;
  }

  /** JSON text of what the migration had saved up to now. */
  get savedRollbackData(): string | undefined {
    return this.rollbackData;
  }

  running(): Promise<void> {
    return this.append('running');
  }

  async saved(rollbackData: string | undefined): Promise<void> {
    this.rollbackData = rollbackData;
    if (await this.isUndecided()) return;
    await this.append('running');
  }

  async progressed(finished: FinishedStatements): Promise<void> {
    if (await this.isUndecided()) return;
    this.finished = finished;
    await this.append('running');
  }

  async done(rollbackData: string | undefined): Promise<void> {
    this.rollbackData = rollbackData ?? this.rollbackData;
    await this.append('done');
  }

  async failed(error: MigratorError): Promise<void> {
    await recordFailure(this.scope, this.change, {
      ...this.facts(),
      state: 'failed',
      success: false,
      error,
    });
    this.attempt += 1;
  }

  /** In a transaction that the migration began itself nothing has finished yet, and a row would be rolled back with it. */
  private isUndecided(): Promise<boolean> {
    return hasOpenTransaction(this.scope.connection.session);
  }

  private async append(kind: 'running' | 'done'): Promise<void> {
    const facts: RowFacts = {
      ...this.facts(),
      state: kind === 'done' ? this.change.states.done : 'running',
      success: kind === 'done',
      error: undefined,
    };
    const history = this.scope.openHistory(this.scope.connection.session);
    await history.append(historyRow(this.scope, this.change, facts));
    this.attempt += 1;
  }

  private facts(): Omit<RowFacts, 'state' | 'success' | 'error'> {
    return {
      attempt: this.attempt,
      executionTimeMs: performance.now() - this.started,
      rollbackData: this.rollbackData,
      finished: this.finished,
    };
  }
}
