import fc from 'fast-check';

/** The two projects of a scenario. `orders` has a schema of its own, and may depend on `shop`. */
export type ProjectKey = 'shop' | 'orders';

/** How the file of a migration is written. */
export type Shape =
  | { readonly kind: 'plain' }
  /** `if (!exists) await db.script(…)`, twice. The condition tests what the first or the last statement of the script makes. */
  | { readonly kind: 'guarded'; readonly looksFor: 'first' | 'last' }
  /** A statement in the middle of the script fails until the file is corrected, which leaves one script or two. */
  | { readonly kind: 'corrected'; readonly into: 'one-call' | 'two-calls' }
  /** Rows are saved as rollback data and then destroyed. `down` restores them. */
  | { readonly kind: 'saved' };

/** What a migration changes in its session and does not change back. */
export type Leak =
  | 'replication-role'
  | 'search-path'
  | 'role'
  | 'authorization'
  | 'time-zone'
  | 'read-only'
  | 'isolation'
  | 'lock-timeout'
  | 'own-setting'
  | 'temporary-table'
  | 'prepared-statement'
  | 'cursor';

/** A migration of a random graph. */
export interface GraphMigration {
  readonly project: ProjectKey;
  /** Earlier migrations, by position. */
  readonly dependencies: readonly number[];
  readonly mode: 'transaction' | 'no-transaction';
  readonly shape: Shape;
  readonly leak: Leak | undefined;
}

/** How a random fault ends a command. */
export type FaultKind =
  | 'cut-before'
  | 'cut-when-sent'
  | 'swallow-answer'
  | 'refuse-statement'
  | 'terminate-backend'
  | 'kill-runner'
  | 'crash-server'
  | HistoryFault;

/** What keeps rows out of the history, or changes them, from a statement on until the command has ended. */
export type HistoryFault =
  | 'trigger-swallows-row'
  | 'trigger-swallows-applied'
  | 'trigger-swallows-hash'
  | 'trigger-edits-row'
  | 'rule-swallows-row';

/** A fault and the point where it strikes. */
export interface RandomFault {
  readonly kind: FaultKind;
  /** Which statements are counted: all, those of migrations, those that write the history, or each COMMIT. */
  readonly target: 'statement' | 'migration' | 'history' | 'commit';
  /** How many of them pass before the fault strikes. */
  readonly count: number;
}

/** What one step does. */
export type RandomCommand =
  | {
      readonly kind: 'migrate';
      readonly project: ProjectKey;
      readonly transaction: 'each' | 'single';
    }
  | { readonly kind: 'migrate-to'; readonly project: ProjectKey; readonly position: number }
  | { readonly kind: 'rollback'; readonly project: ProjectKey; readonly count: number }
  /** Resumes what was interrupted, then migrates. */
  | { readonly kind: 'resume'; readonly project: ProjectKey }
  /** Corrects the migrations that fail by themselves, then migrates. */
  | { readonly kind: 'correct'; readonly project: ProjectKey }
  /** Renames the project, tries to migrate without `renamedFrom` if it is `late`, then migrates with it. */
  | {
      readonly kind: 'rename';
      readonly project: ProjectKey;
      readonly renamedFrom: 'at-once' | 'late';
    }
  /** Applies `orders` while `shop` is being rolled back. */
  | { readonly kind: 'race'; readonly count: number };

/** One command, with a fault or without. */
export interface RandomStep {
  readonly command: RandomCommand;
  readonly fault: RandomFault | undefined;
}

/** A history to be: migrations, and commands on them. */
export interface Scenario {
  readonly graph: readonly GraphMigration[];
  readonly steps: readonly RandomStep[];
}

/** Faults that need nothing but a proxy. */
export const CONNECTION_FAULTS: readonly FaultKind[] = [
  'cut-before',
  'cut-when-sent',
  'swallow-answer',
  'refuse-statement',
  'terminate-backend',
];

/** Faults of the history's tables. They need a superuser. */
export const HISTORY_FAULTS: readonly HistoryFault[] = [
  'trigger-swallows-row',
  'trigger-swallows-applied',
  'trigger-swallows-hash',
  'trigger-edits-row',
  'rule-swallows-row',
];

const LEAKS: readonly Leak[] = [
  'replication-role',
  'search-path',
  'role',
  'authorization',
  'time-zone',
  'read-only',
  'isolation',
  'lock-timeout',
  'own-setting',
  'temporary-table',
  'prepared-statement',
  'cursor',
];

/** Random graphs, random commands, random faults out of those that are given. A kind that is given twice is drawn twice as often. */
export function scenarios(kinds: readonly FaultKind[]): fc.Arbitrary<Scenario> {
  const step = fc.record({
    command: commands(),
    fault: fc.option(faults(kinds), { nil: undefined, freq: 8 }),
  });
  return fc.record({
    graph: graphs(),
    steps: fc.array(step, { minLength: 3, maxLength: 14, size: 'max' }),
  });
}

function graphs(): fc.Arbitrary<GraphMigration[]> {
  const migration = fc.record({
    project: weighted<ProjectKey>([3, 'shop'], [2, 'orders']),
    // As distances backwards. Those that lead before the first migration are dropped.
    back: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
    mode: weighted<GraphMigration['mode']>([1, 'transaction'], [1, 'no-transaction']),
    shape: weighted<Shape>(
      [5, { kind: 'plain' }],
      [1, { kind: 'guarded', looksFor: 'first' }],
      [1, { kind: 'guarded', looksFor: 'last' }],
      [1, { kind: 'corrected', into: 'one-call' }],
      [1, { kind: 'corrected', into: 'two-calls' }],
      [2, { kind: 'saved' }],
    ),
    leak: fc.option(fc.constantFrom(...LEAKS), { nil: undefined, freq: 2 }),
  });
  return fc.array(migration, { minLength: 2, maxLength: 7 }).map((drawn) =>
    drawn.map(({ back, ...rest }, position): GraphMigration => ({
      ...rest,
      dependencies: back
        .map((distance) => position - distance)
        // `shop` needs nothing of `orders`.
        .filter(
          (found) => drawn[found]?.project === 'shop' || drawn[found]?.project === rest.project,
        ),
    })),
  );
}

function commands(): fc.Arbitrary<RandomCommand> {
  const project = weighted<ProjectKey>([1, 'shop'], [1, 'orders']);
  const count = fc.integer({ min: 1, max: 3 });
  const of = <C extends RandomCommand>(weight: number, arbitrary: fc.Arbitrary<C>) => ({
    weight,
    arbitrary: arbitrary as fc.Arbitrary<RandomCommand>,
  });
  return fc.oneof(
    of(
      6,
      fc.record({
        kind: fc.constant('migrate'),
        project,
        transaction: weighted<'each' | 'single'>([3, 'each'], [1, 'single']),
      }),
    ),
    of(1, fc.record({ kind: fc.constant('migrate-to'), project, position: fc.nat(6) })),
    of(4, fc.record({ kind: fc.constant('rollback'), project, count })),
    of(3, fc.record({ kind: fc.constant('resume'), project })),
    of(5, fc.record({ kind: fc.constant('correct'), project })),
    of(
      2,
      fc.record({
        kind: fc.constant('rename'),
        project,
        renamedFrom: weighted<'at-once' | 'late'>([1, 'at-once'], [1, 'late']),
      }),
    ),
    of(2, fc.record({ kind: fc.constant('race'), count })),
  );
}

function faults(kinds: readonly FaultKind[]): fc.Arbitrary<RandomFault> {
  const kind = fc.constantFrom(...kinds);
  const at = (target: RandomFault['target'], max: number): fc.Arbitrary<RandomFault> =>
    fc.record({ kind, target: fc.constant(target), count: fc.nat(max) });
  return fc.oneof(at('statement', 12), at('migration', 4), at('history', 2), at('commit', 1));
}

function weighted<T>(...choices: readonly (readonly [number, T])[]): fc.Arbitrary<T> {
  return fc.oneof(
    ...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant<T>(value) })),
  );
}
