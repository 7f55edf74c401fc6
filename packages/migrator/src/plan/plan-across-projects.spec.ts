import { findNeeded, planAcrossProjects, type ProjectFacts } from './plan-across-projects';
import { codesOf, entry, file, migration, problemsOf, shorts } from './testing/plan.factory';
import type { Sketch } from './testing/plan.factory';

/** A project whose migrations are all pending. */
function facts(pending: readonly Sketch[], more: Partial<ProjectFacts<Sketch>> = {}) {
  return {
    project: pending[0]?.project ?? '',
    environment: 'development',
    pending,
    files: pending.map((one) => one.file),
    entries: [],
    outOfOrder: 'refuse' as const,
    ...more,
  };
}

function across(requested: ProjectFacts<Sketch>, ...others: readonly ProjectFacts<Sketch>[]) {
  return { requested, others: new Map(others.map((one) => [one.project, one])) };
}

/** The runs in short: `users:1 users:2 | api:1`. */
function runs(...args: Parameters<typeof across>): string {
  const planned = planAcrossProjects(across(...args), ['api', 'billing', 'users']);
  if (!planned.ok) throw new Error(planned.problems.map(({ message }) => message).join('\n'));
  return planned.plan.map((plan) => shorts({ ok: true, plan }).join(' ')).join(' | ');
}

describe('a plan across projects', () => {
  it('is the project’s own where it needs no other', () => {
    expect(runs(facts([migration('api:1'), migration('api:2')]))).toBe('api:1 api:2');
  });

  it('takes of another project everything up to what is needed, and nothing behind it', () => {
    const users = facts([migration('users:1'), migration('users:2'), migration('users:3')]);
    expect(runs(facts([migration('api:4', 'users:2')]), users)).toBe('users:1 users:2 | api:4');
  });

  it('follows dependencies through several projects', () => {
    const users = facts([migration('users:1')]);
    const billing = facts([migration('billing:2', 'users:1')]);
    expect(runs(facts([migration('api:1', 'billing:2')]), users, billing)).toBe(
      'users:1 | billing:2 | api:1',
    );
  });

  it('goes back and forth between projects that need each other in turn', () => {
    const users = facts([migration('users:1'), migration('users:3', 'billing:2')]);
    const billing = facts([migration('billing:2', 'users:1')]);
    expect(runs(users, billing)).toBe('users:1 | billing:2 | users:3');
    expect(runs(facts([migration('api:1', 'users:3')]), users, billing)).toBe(
      'users:1 | billing:2 | users:3 | api:1',
    );
  });

  it('leaves alone what is applied already', () => {
    const users = facts([migration('users:2')], {
      files: ['users:1', 'users:2'].map(file),
      entries: [entry('users:1')],
    });
    expect(runs(facts([migration('api:1', 'users:1')]), users)).toBe('api:1');
    expect(runs(facts([migration('api:1', 'users:2')]), users)).toBe('users:2 | api:1');
  });

  it('goes no further than `to`, and brings along what that needs', () => {
    const requested = facts([migration('api:1', 'users:1'), migration('api:2', 'users:2')]);
    const users = facts([migration('users:1'), migration('users:2')]);
    const planned = planAcrossProjects({ ...across(requested, users), to: 'step_1' }, []);
    expect(planned.ok && planned.plan.map((plan) => shorts({ ok: true, plan }))).toEqual([
      ['users:1'],
      ['api:1'],
    ]);
  });

  it('names a circle across projects whole', () => {
    const users = facts([migration('users:2', 'billing:3')]);
    const billing = facts([migration('billing:3', 'api:1')]);
    const planned = planAcrossProjects(
      across(facts([migration('api:1', 'users:2')]), users, billing),
      [],
    );
    expect(codesOf(planned)).toEqual(['DEPENDENCY_CYCLE']);
    const [problem] = problemsOf(planned);
    expect(problem?.message.match(/\w+:0*\d+/g)?.map((id) => id.replace(/:0+/, ':'))).toEqual([
      'api:1',
      'users:2',
      'billing:3',
      'api:1',
    ]);
  });

  it('reports what stands in the way in all of the projects at once', () => {
    const users = facts([migration('users:1', 'users:9')]);
    const late = facts([migration('billing:1')], { entries: [entry('billing:2')] });
    const requested = facts([migration('api:1', 'users:1', 'billing:1', 'nobody:1')]);
    const planned = planAcrossProjects(across(requested, users, late), ['users']);
    expect(codesOf(planned).sort()).toEqual([
      'OUT_OF_ORDER',
      'UNKNOWN_DEPENDENCY',
      'UNKNOWN_PROJECT',
    ]);
  });
});

describe('what is needed', () => {
  it('tells which projects have to be known', () => {
    const needed = findNeeded(across(facts([migration('api:1', 'users:1', 'billing:1')])));
    expect(needed.ok && needed.plan.unknown).toEqual(['billing', 'users']);
  });

  it('refuses an unknown target before anything else', () => {
    const planned = findNeeded({ ...across(facts([migration('api:1')])), to: 'nothing' });
    expect(codesOf(planned)).toEqual(['UNKNOWN_MIGRATION']);
  });
});
