import { MigratorError, type MigrationAgent } from '@flashfusion/migrator';
import { EXIT } from './exit-code';
import { documentOf, onEachTarget, type Part, type TargetVisit } from './outcome';

/** Agents are only passed through: a name tells them apart. */
const agents = (...names: string[]) => names as unknown as MigrationAgent[];
const part = (overrides: Partial<Part> = {}): Part => ({
  document: { status: 'done' },
  text: 'Done.',
  exitCode: EXIT.done,
  effect: 'changed',
  ...overrides,
});
const lockHeld = new MigratorError('LOCK_HELD', 'Somebody else is at it.');

describe('A command on several databases', () => {
  it('stops at the first that fails and keeps what came before', async () => {
    const seen: unknown[] = [];
    const outcome = await onEachTarget(agents('eu', 'us', 'asia'), (agent) => {
      seen.push(agent);
      return Promise.resolve(seen.length === 2 ? part({ exitCode: EXIT.failed }) : part());
    });
    expect(seen).toEqual(['eu', 'us']);
    expect(outcome).toMatchObject({ exitCode: EXIT.failed, parts: [{}, {}] });
  });

  it('goes to the end where looking is all it does', async () => {
    const look = () => Promise.resolve(part({ exitCode: EXIT.checkFailed, effect: 'unchanged' }));
    const outcome = await onEachTarget(agents('eu', 'us'), look, 'to-the-end');
    expect(outcome).toMatchObject({ exitCode: EXIT.checkFailed, parts: [{}, {}] });
  });

  it('goes past a target that is refused, and stops at one that fails', async () => {
    const endings: Record<string, () => Promise<Part>> = {
      gone: () => Promise.reject(lockHeld),
      tenants: () => Promise.resolve(part({ exitCode: EXIT.failed, ending: 'refused' })),
      eu: () => Promise.resolve(part()),
      us: () => Promise.resolve(part({ exitCode: EXIT.failed })),
      asia: () => Promise.resolve(part()),
    };
    const outcome = await onEachTarget(
      agents(...Object.keys(endings)),
      (agent) => endings[agent as unknown as string]?.() ?? Promise.reject(lockHeld),
      'past-refusals',
    );
    expect(outcome).toMatchObject({
      exitCode: EXIT.failed,
      parts: [{ ending: 'refused' }, {}, {}],
      visits: [
        { kind: 'refused', target: 'gone' },
        { kind: 'result', target: 'tenants' },
        { kind: 'result', target: 'eu' },
        { kind: 'result', target: 'us' },
        { kind: 'not-reached', target: 'asia' },
      ],
    });
  });

  it('goes no further after a cancellation or an outcome that is unknown', async () => {
    for (const code of ['CANCELLED', 'OUTCOME_UNKNOWN'] as const) {
      const thrown = new MigratorError(code, 'Over.');
      const run = () => Promise.reject(thrown);
      const outcome = await onEachTarget(agents('eu', 'us'), run, 'past-refusals');
      expect(outcome.visits?.[1]).toEqual({ kind: 'not-reached', target: 'us' });
    }
  });

  it('does not claim that nothing was touched once something was', async () => {
    const refuseSecond = (effect: Part['effect']) => {
      let calls = 0;
      return onEachTarget(agents('eu', 'us'), () =>
        ++calls === 1 ? Promise.resolve(part({ effect })) : Promise.reject(lockHeld),
      );
    };
    expect((await refuseSecond('unchanged')).exitCode).toBe(EXIT.lockHeld);
    expect((await refuseSecond('changed')).exitCode).toBe(EXIT.failed);
  });
});

describe('The JSON document', () => {
  const outcome = { error: undefined, exitCode: EXIT.done } as const;

  it('is the result itself where there is one database', () => {
    expect(documentOf({ ...outcome, parts: [part()] })).toEqual({ status: 'done' });
  });

  it('is a list where there are several', () => {
    const document = documentOf({ ...outcome, parts: [part(), part()] });
    expect(document).toEqual([{ status: 'done' }, { status: 'done' }]);
  });

  it('G4: lists results, refused and skipped targets in the order of the targets', () => {
    const target = (databaseName: string) =>
      ({
        settings: { project: 'shop', environment: 'live', databaseName },
      }) as unknown as MigrationAgent;
    const visits: TargetVisit[] = [
      { kind: 'refused', target: target('asia'), error: lockHeld },
      { kind: 'result', target: target('eu'), result: part() },
      { kind: 'refused', target: target('jp'), error: lockHeld },
      { kind: 'result', target: target('us'), result: part({ document: { status: 'failed' } }) },
      { kind: 'not-reached', target: target('za') },
    ];
    expect(documentOf({ ...outcome, parts: [part()], visits })).toMatchObject([
      { databaseName: 'asia', error: lockHeld },
      { status: 'done' },
      { databaseName: 'jp', error: lockHeld },
      { status: 'failed' },
      { databaseName: 'za', status: 'not-reached' },
    ]);
  });

  it('names the presumed target of a command that was refused before any target was known', () => {
    const presumed = { project: 'shop', environment: 'live' };
    expect(documentOf({ ...outcome, parts: [], error: lockHeld, presumed })).toEqual({
      ...presumed,
      error: lockHeld,
    });
  });

  it('holds the error, after what was done before it', () => {
    expect(documentOf({ ...outcome, parts: [], error: lockHeld })).toEqual({ error: lockHeld });
    const both = documentOf({ ...outcome, parts: [part()], error: lockHeld });
    expect(both).toEqual([{ status: 'done' }, { error: lockHeld }]);
  });
});
