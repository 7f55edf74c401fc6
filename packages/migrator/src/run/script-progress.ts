import type { FinishedStatement } from '../history/entry';
import type {
  RecordedStatement,
  UnendedStatement,
  UnfinishedAttempts,
} from '../history/unfinished';
import type { ScriptStatement } from './script-statement';
import { actElsewhere, innermost, siteParts } from './script-site';
import {
  abandonedBegin,
  abandonedCall,
  otherScript,
  scriptChanged,
  unknownProgress,
} from './script-changed';

/** A call of `db.script` that an earlier attempt made. */
export interface RecordedCall {
  readonly call: number;
  readonly site: string;
  /** How many of its statements have finished, from the first one on. */
  readonly finished: number;
  readonly of: number;
  /** Digest over the finished statements. */
  readonly chain: string;
  readonly statements: readonly RecordedStatement[];
  /** Whether its file is unchanged, so that its site can be compared. */
  readonly comparable: boolean;
}

/** A call of `db.script` in this attempt. */
export interface ScriptCall {
  /** How many of its statements an earlier attempt has finished: those are skipped. */
  readonly finished: number;
  /** What is recorded when a statement has finished. */
  record(index: number): FinishedStatement;
}

/** The migration whose progress it is. */
export interface ProgressOf {
  readonly id: string;
  readonly version: string;
  /** Checksum of its file as it is now. */
  readonly checksum: string;
  /** Absolute path of its file. */
  readonly path: string;
}

/**
 * Decides which statements of a migration's scripts an earlier attempt has finished. Nothing is skipped without being
 * compared: by the call that sent it while the file is unchanged, and by content in any case.
 */
export class ScriptProgress {
  private readonly unmatched: Set<RecordedCall>;
  /** Statements whose end is not recorded, of calls that have not come again yet. */
  private readonly begun: Set<UnendedStatement>;
  private nextCall: number;

  /** @throws {MigratorError} `SCRIPT_CHANGED` if rows claim finished statements without saying which */
  constructor(
    private readonly of: ProgressOf,
    private readonly earlier: Pick<
      UnfinishedAttempts,
      'statements' | 'begun' | 'finishedStatements' | 'ended'
    >,
  ) {
    const recorded = recordedCalls(earlier.statements, of.checksum);
    const known = recorded.reduce((sum, { finished }) => sum + finished, 0);
    if (earlier.finishedStatements > known) {
      throw unknownProgress(of, earlier.finishedStatements, known);
    }
    this.unmatched = new Set(recorded);
    this.begun = new Set(earlier.begun);
    this.nextCall = Math.max(0, ...[...recorded, ...earlier.begun].map(({ call }) => call)) + 1;
  }

  /** Statements that earlier attempts have finished and no call of this attempt has claimed yet. */
  get unclaimed(): number {
    return [...this.unmatched].reduce((sum, { finished }) => sum + finished, 0);
  }

  /**
   * Finds the recorded call that a call of this attempt repeats.
   *
   * @param site see {@link stampSite}
   * @throws {MigratorError} `SCRIPT_CHANGED` showing both sequences when the call does not begin with the statements that
   *   its counterpart has finished, or when it is unclear which call it repeats
   */
  begin(site: string, statements: readonly ScriptStatement[]): ScriptCall {
    const match = this.unmatched.size === 0 ? undefined : this.find(site, statements);
    if (match) this.unmatched.delete(match);
    const claimed = this.claimBegun(site, statements, match);
    const call = match?.call ?? claimed ?? this.nextCall++;
    return {
      finished: match?.finished ?? 0,
      record(index) {
        const { digest = '', chain = '', text = '' } = statements[index] ?? {};
        return { call, site, position: index + 1, of: statements.length, digest, chain, text };
      },
    };
  }

  /**
   * To be called when the migration's functions have finished: in an unchanged file, a call that was interrupted half way
   * must have come again, or its other statements would never run. A call with a statement that may have had part of its
   * effect must have come again in a corrected file as well.
   *
   * @throws {MigratorError} `SCRIPT_CHANGED`
   */
  refuseAbandoned(): void {
    for (const call of this.unmatched) {
      if (call.comparable && call.finished < call.of) {
        throw abandonedCall(
          this.of,
          call,
          this.earlier.begun.find((begun) => begun.call === call.call),
        );
      }
    }
    for (const begun of this.begun) throw abandonedBegin(this.of, begun);
  }

  /**
   * Finds the statement without a recorded end that a call sends again. In a corrected file the statement may have been
   * corrected, too: another one of its kind takes its place.
   *
   * @returns the number of its call, where nothing of that call had finished
   */
  private claimBegun(
    site: string,
    now: readonly ScriptStatement[],
    match: RecordedCall | undefined,
  ): number | undefined {
    if (this.begun.size === 0) return undefined;
    const all = [...this.begun].filter((begun) => !actElsewhere(begun.site, site));
    const skipped = match?.finished ?? 0;
    const same = all.filter(
      ({ position, chain }) => position > skipped && now[position - 1]?.chain === chain,
    );
    const found =
      all.find(({ call }) => call === match?.call) ??
      same.find((begun) => begun.site === site) ??
      same[0] ??
      all.find(
        ({ checksum, kind }) =>
          checksum !== this.of.checksum && now.slice(skipped).some((due) => due.kind === kind),
      );
    if (found === undefined) return undefined;
    this.begun.delete(found);
    const hasFinished = this.earlier.statements.some(({ call }) => call === found.call);
    return hasFinished ? undefined : found.call;
  }

  private find(site: string, now: readonly ScriptStatement[]): RecordedCall | undefined {
    const all = [...this.unmatched].filter((call) => !actElsewhere(call.site, site));
    const comparable = all.filter((call) => call.comparable);
    const same = comparable.filter((call) => call.site === site);
    const matched = same.find((call) => isPrefix(call, now));
    if (matched) return matched;
    const partial = same.find(({ finished, of }) => finished < of);
    const related = same.find((call) => shares(call, now)) ?? partial;
    if (related) throw scriptChanged(this.of, [related], now);
    // The same line by another way: a helper, or a file that runs differently now. It cannot be told which.
    const unclear = comparable.filter(
      (call) =>
        call.site !== site &&
        shares(call, now) &&
        (innermost(site) === '' ||
          innermost(call.site) === '' ||
          innermost(call.site) === innermost(site)),
    );
    if (unclear.length > 0) throw scriptChanged(this.of, unclear, now);
    return this.findByContent(
      all.filter((call) => !call.comparable),
      site,
      now,
    );
  }

  /** In a corrected file, lines say nothing: the call that has the most finished statements in common, from the first one on. */
  private findByContent(
    calls: readonly RecordedCall[],
    site: string,
    now: readonly ScriptStatement[],
  ): RecordedCall | undefined {
    const { digest } = siteParts(site);
    const [match] = calls
      .filter((call) => siteParts(call.site).digest === digest && isPrefix(call, now))
      .sort((left, right) => right.finished - left.finished || left.call - right.call);
    const due = now.slice(match?.finished ?? 0);
    const sharing = calls.filter((call) => call !== match && shares(call, due));
    if (sharing.length > 0) throw scriptChanged(this.of, sharing, now);
    // After a failure, an author may have deleted what had finished. An interrupted run is to be continued as it was.
    if (match === undefined && calls.length > 0 && this.earlier.ended === 'interrupted') {
      throw otherScript(this.of, calls, now);
    }
    return match;
  }
}

/** The calls in the order in which they were first recorded, each as far as its newest row says. */
function recordedCalls(statements: readonly RecordedStatement[], checksum: string): RecordedCall[] {
  const calls = new Map<number, RecordedStatement[]>();
  for (const statement of statements) {
    calls.set(statement.call, [...(calls.get(statement.call) ?? []), statement]);
  }
  return [...calls].flatMap(([call, own]) => {
    const last = own.at(-1);
    if (last === undefined) return [];
    const { site, position, of, chain } = last;
    const comparable = last.checksum === checksum;
    return [{ call, site, finished: position, of, chain, statements: own, comparable }];
  });
}

function isPrefix({ finished, chain }: RecordedCall, now: readonly ScriptStatement[]): boolean {
  return now[finished - 1]?.chain === chain;
}

function shares({ statements }: RecordedCall, now: readonly ScriptStatement[]): boolean {
  const digests = new Set(statements.map(({ digest }) => digest));
  return now.some(({ digest, common }) => !common && digests.has(digest));
}
