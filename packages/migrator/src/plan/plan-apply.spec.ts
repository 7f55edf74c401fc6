import fc from 'fast-check';
import { crossProjectDependencies } from './prerequisites';
import {
  codesOf,
  entry,
  longId,
  migration,
  plan,
  problemsOf,
  shorts,
  type Sketch,
} from './testing/plan.factory';
import { graphs, shuffled } from './testing/graphs';

const one = migration('api:1');
const two = migration('api:2', 'api:1');
const three = migration('api:3');
const reasons = (planned: ReturnType<typeof plan>) =>
  planned.ok ? planned.plan.steps.map(({ reason }) => reason) : planned.problems;

describe('planning what to apply', () => {
  it('orders what is pending, dependencies first, then by version', () => {
    expect(shorts(plan([migration('api:1', 'api:3'), migration('api:2'), three]))).toEqual([
      'api:2',
      'api:3',
      'api:1',
    ]);
  });

  it('is empty when nothing is pending', () => {
    expect(shorts(plan([]))).toEqual([]);
  });

  it('never applies twice what the history says is applied', () => {
    expect(shorts(plan([one, two], { entries: [entry(one)] }))).toEqual(['api:2']);
  });

  it('takes an applied dependency as satisfied, also one whose file is of no interest any more', () => {
    expect(shorts(plan([two], { entries: [entry('api:1')] }))).toEqual(['api:2']);
  });

  it('says why each step is there, and counts its attempts on', () => {
    const failed = entry(one, 'failed', {
      attempt: 3,
      error: { code: 'MIGRATION_FAILED', message: 'no table', stack: undefined },
    });
    const planned = plan([one, two, three], {
      entries: [failed, entry(two, 'reverted', { attempt: 2 })],
    });
    expect(reasons(planned)).toEqual([
      { kind: 'retry-failed', error: 'no table' },
      { kind: 'reverted-before' },
      { kind: 'pending' },
    ]);
    expect(planned.ok && planned.plan.steps.map(({ attempt }) => attempt)).toEqual([4, 3, 1]);
  });

  it('refuses a dependency on itself', () => {
    expect(codesOf(plan([migration('api:1', 'api:1')]))).toEqual(['SELF_DEPENDENCY']);
  });

  it('names a circle whole', () => {
    const [problem] = problemsOf(plan([migration('api:1', 'api:2'), two]));
    expect(problem?.code).toBe('DEPENDENCY_CYCLE');
    expect(problem?.message).toContain(['api:1', 'api:2', 'api:1'].map(longId).join(' → '));
  });

  it('shows the nearest versions for a dependency that does not exist', () => {
    const [problem] = problemsOf(plan([one, migration('api:3', 'api:5')]));
    expect(problem).toMatchObject({
      code: 'UNKNOWN_DEPENDENCY',
      where: migration('api:3').file.path,
    });
    expect(problem?.hint).toContain('00000000000001 step_1');
  });

  it('does not propose a migration as its own dependency', () => {
    const [problem] = problemsOf(plan([migration('api:3', 'api:5')]));
    expect(problem?.hint).not.toContain('Did you mean');
  });

  it('refuses to go on behind a dependency that is reverted and has no file any more', () => {
    const [problem] = problemsOf(plan([two], { entries: [entry('api:1', 'reverted')] }));
    expect(problem?.code).toBe('PREREQUISITE_NOT_APPLIED');
    expect(problem?.message).toContain('is reverted, and its file is gone');
  });

  it('reports everything at once, each with a hint', () => {
    const problems = problemsOf(
      plan([migration('api:1', 'api:1', 'api:9', 'usres:1'), migration('api:2', 'users:1')], {
        others: ['users:1'],
      }),
    );
    expect(problems.map(({ code }) => code)).toEqual([
      'SELF_DEPENDENCY',
      'UNKNOWN_DEPENDENCY',
      'UNKNOWN_PROJECT',
      'PREREQUISITE_NOT_APPLIED',
    ]);
    expect(problems.every(({ hint, where }) => hint !== undefined && where !== undefined)).toBe(
      true,
    );
  });
});

describe('dependencies on other projects', () => {
  const needsUsers = migration('api:2', 'users:1');

  it('are satisfied when the history says so, whether or not the project is there to be seen', () => {
    expect(shorts(plan([needsUsers], { entries: [entry('users:1')] }))).toEqual(['api:2']);
  });

  it('lead to the commands that apply them, in the same environment', () => {
    const planned = plan([needsUsers], { others: ['users:1'], environment: 'staging' });
    const [problem] = problemsOf(planned);
    expect(problem?.code).toBe('PREREQUISITE_NOT_APPLIED');
    expect(problem?.hint).toBe(
      'Apply it first: `nx run users:migrate:staging` or `ff db migrate --project=users --env=staging`; ' +
        'or let this command do it: --with-dependencies (Nx: --withDependencies).',
    );
  });

  it('name no environment where everybody assumes development', () => {
    const [problem] = problemsOf(plan([needsUsers], { others: ['users:1'] }));
    expect(problem?.hint).toContain('`nx run users:migrate` or `ff db migrate --project=users`');
  });

  it.each(['failed', 'reverted', 'running'] as const)(
    'are not satisfied by one that is %s',
    (state) => {
      const planned = plan([needsUsers], {
        entries: [entry('users:1', state)],
        others: ['users:1'],
      });
      expect(codesOf(planned)).toEqual(['PREREQUISITE_NOT_APPLIED']);
    },
  );

  it('show the nearest versions of the project', () => {
    const [problem] = problemsOf(plan([needsUsers], { others: ['users:2'] }));
    expect(problem?.code).toBe('UNKNOWN_DEPENDENCY');
    expect(problem?.hint).toBe('Did you mean “users:00000000000002”?');
  });

  it('show the nearest projects', () => {
    const [problem] = problemsOf(plan([migration('api:2', 'user:1')], { others: ['users:1'] }));
    expect(problem?.code).toBe('UNKNOWN_PROJECT');
    expect(problem?.hint).toBe('Did you mean “users”?');
  });

  it('can be listed before they are looked up', () => {
    const listed = crossProjectDependencies('api', [
      two,
      needsUsers,
      migration('api:3', 'users:1'),
    ]);
    expect(listed).toEqual([longId('users:1')]);
  });
});

describe('migrations that come late', () => {
  const late = { entries: [entry('api:3')] };

  it('are refused below the newest applied one, with the way out', () => {
    const [problem] = problemsOf(plan([one], late));
    expect(problem).toMatchObject({ code: 'OUT_OF_ORDER', where: one.file.path });
    expect(problem?.hint).toContain("outOfOrder: 'allow'");
  });

  it('are applied where that is allowed, and say behind which', () => {
    const planned = plan([one], { ...late, outOfOrder: 'allow' });
    expect(reasons(planned)).toEqual([{ kind: 'out-of-order', behind: longId('api:3') }]);
  });

  it('are not those that had their turn here before', () => {
    const entries = [entry('api:1', 'reverted'), entry(two, 'failed'), entry('api:3')];
    expect(shorts(plan([one, two], { entries }))).toEqual(['api:1', 'api:2']);
  });

  it('are not judged by what other projects applied', () => {
    expect(shorts(plan([one], { entries: [entry('users:3')] }))).toEqual(['api:1']);
  });
});

describe('applying up to a version', () => {
  it('takes all up to it, itself included', () => {
    expect(shorts(plan([one, two, three], { to: two.version }))).toEqual(['api:1', 'api:2']);
  });

  it('takes along what those need, and says for whom', () => {
    const planned = plan([migration('api:1', 'api:3'), two, migration('api:3')], {
      to: one.version,
    });
    expect(shorts(planned)).toEqual(['api:3', 'api:1']);
    expect(reasons(planned)[0]).toEqual({ kind: 'required-by', id: one.id });
  });

  it('plans nothing when it is applied already', () => {
    expect(shorts(plan([two, three], { entries: [entry(one)], to: one.version }))).toEqual([]);
  });

  it('accepts a name', () => {
    expect(shorts(plan([one, two], { to: 'step_1' }))).toEqual(['api:1']);
  });

  it('refuses a version that nobody knows, with the nearest', () => {
    const [problem] = problemsOf(plan([one], { to: '00000000000002' }));
    expect(problem?.code).toBe('UNKNOWN_MIGRATION');
    expect(problem?.hint).toContain('“00000000000001”');
  });

  it('is not stopped by what is wrong with later ones', () => {
    expect(shorts(plan([one, migration('api:2', 'api:9')], { to: one.version }))).toEqual([
      'api:1',
    ]);
  });
});

describe('any plan', () => {
  const planned = (pending: readonly Sketch[], applied: readonly Sketch[] = []) => {
    const entries = applied.map((each) => entry(each));
    return shorts(plan(pending, { entries, outOfOrder: 'allow' })).map(longId);
  };

  it('is the same for any order of the input', () => {
    const pairs = graphs.chain((nodes) => fc.tuple(fc.constant(nodes), shuffled(nodes)));
    fc.assert(
      fc.property(pairs, ([nodes, others]) => {
        expect(planned(others)).toEqual(planned(nodes));
      }),
    );
  });

  it('holds exactly what is not applied: nothing merged late is ever skipped', () => {
    const histories = graphs.chain((nodes) =>
      fc.tuple(fc.constant(nodes), fc.subarray([...nodes])),
    );
    fc.assert(
      fc.property(histories, ([nodes, some]) => {
        const applied = withDependencies(some, nodes);
        const rest = nodes.filter((node) => !applied.has(node)).map(({ id }) => id);
        expect(new Set(planned(nodes, [...applied]))).toEqual(new Set(rest));
      }),
    );
  });
});

/** A history that can be: whatever is applied, its dependencies are. */
function withDependencies(some: readonly Sketch[], all: readonly Sketch[]): ReadonlySet<Sketch> {
  const taken = new Set(some);
  for (const node of taken) {
    for (const other of all) if (node.dependencies.includes(other.id)) taken.add(other);
  }
  return taken;
}
