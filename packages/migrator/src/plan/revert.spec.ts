import fc from 'fast-check';
import type { HistoryEntry } from '../history/entry';
import { planRevert } from './plan-revert';
import { selectRevert, type RevertSelection } from './select-revert';
import { graphs } from './testing/graphs';
import {
  codesOf,
  entry,
  file,
  longId,
  migration,
  plan,
  problemsOf,
  shorts,
  type Sketch,
} from './testing/plan.factory';

const applied = [entry('api:1'), entry(migration('api:2', 'api:1')), entry('api:3')];
const select = (selection: RevertSelection, entries: readonly HistoryEntry[] = applied) =>
  selectRevert({
    project: 'api',
    files: ['api:1', 'api:2', 'api:3', 'api:4'].map(file),
    entries,
    selection,
  });
const called = (nameOrVersion: string) => ({ kind: 'migration', nameOrVersion }) as const;
const last = (count: number) => ({ kind: 'last', count }) as const;
const to = (short: string) => ({ kind: 'to', version: file(short).version }) as const;

describe('selecting what to revert', () => {
  it.each(['step_2', '00000000000002', '00000000000002_step_2', 'api:00000000000002'])(
    'finds one migration by %s',
    (nameOrVersion) => expect(shorts(select(called(nameOrVersion)))).toEqual(['api:2']),
  );

  it('takes the last ones, newest first', () => {
    expect(shorts(select(last(2)))).toEqual(['api:3', 'api:2']);
  });

  it('takes all there are when more are asked for, and none when none are applied', () => {
    expect(shorts(select(last(9)))).toEqual(['api:3', 'api:2', 'api:1']);
    expect(shorts(select(last(1), []))).toEqual([]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses to revert the last %d', (count) => {
    expect(codesOf(select(last(count)))).toEqual(['INVALID_ARGUMENT']);
  });

  it('takes everything after a version, which itself stays', () => {
    expect(shorts(select(to('api:1')))).toEqual(['api:3', 'api:2']);
  });

  it('goes against the dependencies where versions say otherwise', () => {
    const entries = [entry(migration('api:1', 'api:2')), entry('api:2')];
    expect(shorts(select(last(2), entries))).toEqual(['api:1', 'api:2']);
  });

  it('refuses a name that stands for several, listing their versions', () => {
    const twin = entry('api:3', 'applied', { name: 'step_2' });
    const files = [file('api:2'), { ...file('api:3'), name: 'step_2' }];
    const selected = selectRevert({
      project: 'api',
      files,
      entries: [twin],
      selection: called('step_2'),
    });
    expect(problemsOf(selected)[0]).toMatchObject({
      code: 'AMBIGUOUS_MIGRATION',
      hint: 'Say which by its version: 00000000000002, 00000000000003.',
    });
  });

  it('shows the nearest names for one that nobody knows', () => {
    const [problem] = problemsOf(select(called('stepp_2')));
    expect(problem?.code).toBe('UNKNOWN_MIGRATION');
    expect(problem?.hint).toContain('“step_2”');
    expect(codesOf(select(to('api:9')))).toEqual(['UNKNOWN_MIGRATION']);
  });

  it('refuses what never ran here', () => {
    const [problem] = problemsOf(select(called('step_4')));
    expect(problem?.code).toBe('NOT_APPLIED');
    expect(problem?.message).toContain('It is pending');
  });

  it.each(['failed', 'reverted'] as const)('refuses what is %s, and says that it is', (state) => {
    const [problem] = problemsOf(select(called('step_1'), [entry('api:1', state)]));
    expect(problem?.code).toBe('NOT_APPLIED');
    expect(problem?.message).toContain(`It is ${state}`);
  });

  it('does not claim that a failed migration left nothing behind', () => {
    const failed = [{ ...entry('api:1'), state: 'failed', success: false } as HistoryEntry];
    const [problem] = problemsOf(select(called('step_1'), failed));
    expect(problem?.code).toBe('NOT_APPLIED');
    expect(problem?.hint).toContain('Without one, a part of it may be there');
    expect(problem?.hint).toContain('--mark-reverted');
  });

  it('refuses while an interruption leaves it open what is there', () => {
    const entries = [...applied, entry('api:4', 'running')];
    expect(codesOf(select(last(1), entries))).toEqual(['INTERRUPTED']);
    expect(codesOf(select(called('step_4'), entries))).toEqual(['INTERRUPTED']);
    expect(shorts(select(called('step_3'), entries))).toEqual(['api:3']);
  });

  it('tries a revert again that failed half way, when it is called by name', () => {
    const half = entry('api:1', 'failed', { action: 'revert', attempt: 2 });
    expect(shorts(select(called('step_1'), [half]))).toEqual(['api:1']);
  });

  it('refuses to run another `down` than the one that was applied', () => {
    const changed = entry('api:1', 'applied', { checksum: 'f'.repeat(64) });
    const gone = entry('api:7');
    expect(codesOf(select(last(2), [changed, gone]))).toEqual([
      'FILE_MISSING',
      'CHECKSUM_MISMATCH',
    ]);
  });
});

describe('planning a revert', () => {
  const revert = (shorts: readonly string[], entries: readonly HistoryEntry[] = applied) =>
    planRevert({
      project: 'api',
      environment: 'development',
      migrations: shorts.map((short) => migration(short)),
      selected: entries.filter(({ id }) => shorts.map(longId).includes(id)),
      entries,
    });

  it('goes newest first, and counts attempts on', () => {
    const planned = revert(['api:1', 'api:2', 'api:3']);
    expect(shorts(planned)).toEqual(['api:3', 'api:2', 'api:1']);
    expect(planned.ok && planned.plan.steps[0]).toMatchObject({
      attempt: 2,
      reason: { kind: 'requested' },
    });
  });

  it('refuses what another applied migration depends on, with the command that reverts that first', () => {
    const [problem] = problemsOf(revert(['api:1']));
    expect(problem?.code).toBe('REQUIRED_BY_OTHERS');
    expect(problem?.message).toContain('required by api:00000000000002 (step_2)');
    expect(problem?.hint).toContain('`nx run api:rollback --name=00000000000002`');
    expect(problem?.hint).toContain('`ff db rollback 00000000000002 --project=api`');
  });

  it('looks into other projects too, and names the whole way down', () => {
    const web = entry(migration('web:5', 'users:4'));
    const users = entry(migration('users:4', 'api:3'));
    const [problem] = problemsOf(revert(['api:3'], [...applied, users, web]));
    expect(problem?.message).toContain('required by users:00000000000004 (step_4), still');
    expect(problem?.hint).toMatch(/in this order: .*web:rollback.*; then .*users:rollback/);
  });

  it('does not mind dependents that are reverted, but minds those that are interrupted', () => {
    const dependent = migration('web:5', 'api:3');
    expect(shorts(revert(['api:3'], [...applied, entry(dependent, 'reverted')]))).toEqual([
      'api:3',
    ]);
    const running = revert(['api:3'], [...applied, entry(dependent, 'running')]);
    expect(codesOf(running)).toEqual(['REQUIRED_BY_OTHERS']);
  });

  it('says after which version each step is', () => {
    const planned = planRevert({
      project: 'api',
      environment: 'development',
      migrations: [migration('api:3')],
      selected: applied.slice(2),
      entries: applied,
      selection: to('api:2'),
    });
    expect(planned.ok && planned.plan.steps[0]?.reason).toEqual({
      kind: 'after-target',
      target: '00000000000002',
    });
  });

  it('refuses what was not loaded because its file is gone', () => {
    const selected = applied.slice(2);
    const planned = planRevert({
      project: 'api',
      environment: 'test',
      migrations: [],
      selected,
      entries: applied,
    });
    expect(codesOf(planned)).toEqual(['FILE_MISSING']);
  });

  it('is the reverse of the plan that applied them, in any graph', () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const entries = nodes.map((node) => entry(node));
        const reverted = planRevert<Sketch>({
          project: 'api',
          environment: 'development',
          migrations: nodes,
          selected: entries,
          entries,
        });
        expect(shorts(reverted)).toEqual(shorts(plan(nodes)).reverse());
      }),
    );
  });

  it('never leaves a dependent behind: every beginning of the reverse order may be reverted', () => {
    fc.assert(
      fc.property(graphs, fc.nat(25), (nodes, count) => {
        const entries = nodes.map((node) => entry(node));
        const files = nodes.map(({ file: its }) => its);
        const selection = last(count + 1);
        const selected = selectRevert({ project: 'api', files, entries, selection });
        expect(selected.ok).toBe(true);
        if (!selected.ok) return;
        const options = { project: 'api', environment: 'development', migrations: nodes, entries };
        expect(planRevert<Sketch>({ ...options, selected: selected.plan }).ok).toBe(true);
      }),
    );
  });
});
