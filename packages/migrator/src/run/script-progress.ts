import { createHash } from 'node:crypto';
import { MigratorError } from '../errors';

/** Statements of `db.script` that have finished, and what they were. */
export interface FinishedStatements {
  readonly count: number;
  /** SHA-256 over their texts; `undefined` where none has finished. */
  readonly digest: string | undefined;
}

/** The progress of a migration that has not run a script yet. */
export const NOTHING_FINISHED: FinishedStatements = { count: 0, digest: undefined };

/** Counts the statements of a migration's scripts, and tells which of them an earlier attempt had finished. */
export class ScriptProgress {
  private count = 0;
  private digest: string | undefined;

  constructor(private readonly before: FinishedStatements) {}

  /**
   * Goes on to the next statement.
   *
   * @returns `finished` for one that an earlier attempt has run already
   * @throws {MigratorError} `CHECKSUM_MISMATCH` when the statements that had finished are no longer the first ones: to skip by
   *   count would then skip the wrong ones
   */
  next(sql: string): 'finished' | 'due' {
    this.count += 1;
    this.digest = createHash('sha256')
      .update(`${this.digest ?? ''}\0${sql}`)
      .digest('hex');
    const { before } = this;
    if (this.count > before.count) return 'due';
    if (
      this.count === before.count &&
      before.digest !== undefined &&
      this.digest !== before.digest
    ) {
      throw new MigratorError(
        'CHECKSUM_MISMATCH',
        `The first ${before.count} statements of db.script() are not those that an earlier attempt had finished.`,
        {
          hint: 'Put them back as they were and change only what comes after them; or finish or undo the work by hand and say so with repair --mark-applied or --mark-reverted.',
        },
      );
    }
    return 'finished';
  }

  /** What has finished once the statement that `next` was called for is done. */
  get finished(): FinishedStatements {
    return { count: this.count, digest: this.digest };
  }
}
