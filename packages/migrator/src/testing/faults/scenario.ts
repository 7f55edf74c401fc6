import fc from 'fast-check';

/** A migration of a random graph. */
export interface GraphMigration {
  /** Earlier migrations, by position. */
  readonly dependencies: readonly number[];
  readonly mode: 'transaction' | 'no-transaction';
}

/** How a random fault ends a command. */
export type FaultKind =
  | 'cut-before'
  | 'cut-when-sent'
  | 'swallow-answer'
  | 'refuse-statement'
  | 'terminate-backend'
  | 'kill-runner'
  | 'crash-server';

/** A fault and the point where it strikes. */
export interface RandomFault {
  readonly kind: FaultKind;
  /** The how-manieth statement of the command, or the how-manieth COMMIT, counted from 0. */
  readonly target: 'statement' | 'commit';
  readonly count: number;
}

/** One command, with a fault or without. */
export interface RandomStep {
  readonly command:
    | { readonly kind: 'migrate'; readonly transaction: 'each' | 'single' }
    | { readonly kind: 'migrate-to'; readonly position: number }
    | { readonly kind: 'rollback'; readonly count: number }
    | { readonly kind: 'resume' };
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

/** Random graphs, random commands, random faults out of those that are given. */
export function scenarios(kinds: readonly FaultKind[]): fc.Arbitrary<Scenario> {
  const migration = fc.record({
    // As distances backwards; those that lead before the first one are dropped.
    back: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
    mode: fc.oneof(
      { weight: 3, arbitrary: fc.constant('transaction' as const) },
      { weight: 1, arbitrary: fc.constant('no-transaction' as const) },
    ),
  });
  const graph = fc.array(migration, { minLength: 1, maxLength: 6 }).map((drawn) =>
    drawn.map(({ back, mode }, position): GraphMigration => ({
      mode,
      dependencies: back.map((distance) => position - distance).filter((found) => found >= 0),
    })),
  );
  const command: fc.Arbitrary<RandomStep['command']> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('migrate' as const),
        transaction: fc.constantFrom('each' as const, 'each' as const, 'single' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('migrate-to' as const), position: fc.nat(5) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('rollback' as const),
        count: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'resume' as const }) },
  );
  const fault: fc.Arbitrary<RandomFault> = fc.oneof(
    fc.record({
      kind: fc.constantFrom(...kinds),
      target: fc.constant('statement' as const),
      count: fc.nat(14),
    }),
    fc.record({
      kind: fc.constantFrom(...kinds),
      target: fc.constant('commit' as const),
      count: fc.nat(3),
    }),
  );
  const step = fc.record({
    command,
    fault: fc.option(fault, { nil: undefined, freq: 3 }),
  });
  return fc.record({ graph, steps: fc.array(step, { minLength: 1, maxLength: 8 }) });
}
