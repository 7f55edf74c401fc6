import fc from 'fast-check';
import type { HistoryEntry } from '../history/entry';
import type { MigrationId } from '../migration/types';
import { planAcrossProjects } from './plan-across-projects';
import { plannedOrder } from './planned-order';
import { planRevert } from './plan-revert';
import { selectRevert } from './select-revert';
import { graphs, projectGraphs } from './testing/graphs';
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

/** A project whose history is written as a run writes it. */
class History {
  private readonly rows = new Map<MigrationId, HistoryEntry>();

  constructor(private readonly nodes: readonly Sketch[]) {}

  get entries(): readonly HistoryEntry[] {
    return [...this.rows.values()];
  }

  applied(): readonly MigrationId[] {
    return this.entries.filter(({ state }) => state === 'applied').map(({ id }) => id);
  }

  pendingOf(project: string): readonly Sketch[] {
    return this.nodes.filter(
      ({ id, project: its }) => its === project && this.rows.get(id)?.state !== 'applied',
    );
  }

  record(node: Sketch, state: 'applied' | 'failed' | 'reverted'): void {
    if (state === 'applied') {
      for (const needed of node.dependencies) expect(this.applied()).toContain(needed);
    }
    this.rows.delete(node.id);
    this.rows.set(node.id, entry(node, state));
  }

  /** Applies a plan until the given step, which fails or is killed. */
  apply(steps: readonly Sketch[], stop: Stop): void {
    const reached = Math.min(steps.length, stop.after);
    if (stop.transaction === 'single' && reached < steps.length) return;
    steps.slice(0, reached).forEach((node) => this.record(node, 'applied'));
    const failing = steps[reached];
    if (failing !== undefined && stop.kind === 'failure') this.record(failing, 'failed');
  }

  migrate(to: Sketch | undefined, stop: Stop): void {
    const files = this.nodes.map(({ file }) => file);
    const planned = plan(this.pendingOf('api'), {
      files,
      entries: this.entries,
      to: to?.version,
    });
    if (!planned.ok) throw new Error(planned.problems.map(({ message }) => message).join('\n'));
    this.apply(
      planned.plan.steps.map((step) => step.migration),
      stop,
    );
  }

  rollbackTo(target: Sketch): void {
    const { entries } = this;
    const files = this.nodes.map(({ file }) => file);
    const selection = { kind: 'to', version: target.version } as const;
    const pending = this.pendingOf('api');
    const selected = selectRevert({ project: 'api', files, entries, selection, pending });
    if (!selected.ok) throw new Error(codesOf(selected).join());
    const reverted = planRevert<Sketch>({
      project: 'api',
      environment: 'development',
      migrations: this.nodes,
      selected: selected.plan,
      entries,
    });
    if (!reverted.ok) throw new Error(codesOf(reverted).join());
    reverted.plan.steps.forEach((step) => this.record(step.migration, 'reverted'));
  }
}

interface Stop {
  readonly after: number;
  readonly kind: 'failure' | 'kill';
  readonly transaction: 'each' | 'single';
}

const stops: fc.Arbitrary<Stop> = fc.record({
  after: fc.nat(12),
  kind: fc.constantFrom('failure' as const, 'kill' as const),
  transaction: fc.constantFrom('each' as const, 'each' as const, 'single' as const),
});
const never: Stop = { after: Number.POSITIVE_INFINITY, kind: 'kill', transaction: 'each' };

describe('the planned order', () => {
  it('A4: a run that stopped at any point continues, and nothing is late', () => {
    const runs = fc.array(fc.record({ stop: stops, to: fc.option(fc.nat(24)) }), { maxLength: 6 });
    fc.assert(
      fc.property(graphs, runs, (nodes, attempts) => {
        const history = new History(nodes);
        const order = shorts(plan(nodes)).map(longId);
        for (const { stop, to } of attempts) {
          history.migrate(to === null ? undefined : nodes[to % nodes.length], stop);
          expect(history.applied()).toEqual(order.slice(0, history.applied().length));
        }
        history.migrate(undefined, never);
        expect(history.applied()).toEqual(order);
      }),
    );
  });

  it('A4: rollback to any migration returns to the state after it, and forward again', () => {
    fc.assert(
      fc.property(graphs, fc.array(fc.nat(24), { minLength: 1, maxLength: 4 }), (nodes, picks) => {
        fc.pre(nodes.length > 0);
        const history = new History(nodes);
        const order = shorts(plan(nodes)).map(longId);
        history.migrate(undefined, never);
        for (const pick of picks) {
          const target = nodes[pick % nodes.length];
          if (target === undefined) continue;
          history.rollbackTo(target);
          const after = order.slice(0, order.indexOf(target.id) + 1);
          expect([...history.applied()].sort()).toEqual(
            [...after].sort().filter((id) => history.applied().includes(id)),
          );
          history.migrate(target, never);
          expect(new Set(history.applied())).toEqual(new Set(after));
        }
        history.migrate(undefined, never);
        expect(new Set(history.applied())).toEqual(new Set(order));
      }),
    );
  });

  it('A4: runs across projects can stop anywhere, and nothing is late in any project', () => {
    const attempts = fc.array(
      fc.record({
        project: fc.constantFrom('api', 'billing', 'users'),
        stop: fc.nat(15),
        to: fc.option(fc.nat(9)),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(projectGraphs, attempts, (nodes, runs) => {
        const history = new History(nodes);
        const names = ['api', 'billing', 'users'];
        for (const { project, stop, to } of [
          ...runs,
          ...names.map((name) => ({ project: name, stop: 99, to: null })),
        ]) {
          const facts = (name: string) => ({
            project: name,
            environment: 'development',
            pending: history.pendingOf(name),
            files: nodes.filter((node) => node.project === name).map(({ file }) => file),
            entries: history.entries,
            outOfOrder: 'refuse' as const,
          });
          const own = nodes.filter((node) => node.project === project);
          const planned = planAcrossProjects(
            {
              requested: facts(project),
              others: new Map(names.filter((name) => name !== project).map((n) => [n, facts(n)])),
              to: to === null ? undefined : own[to % Math.max(own.length, 1)]?.version,
            },
            names,
          );
          if (!planned.ok) throw new Error(planned.problems.map((one) => one.message).join('\n'));
          const steps = planned.plan.flatMap((one) => one.steps.map((step) => step.migration));
          history.apply(steps, { ...never, after: stop });
          for (const name of names) {
            const alone = plan(history.pendingOf(name), {
              project: name,
              files: facts(name).files,
              entries: history.entries,
              others: nodes.map(({ project: its, version }) => `${its}:${Number(version)}`),
            });
            expect(alone.ok ? [] : codesOf(alone)).not.toContain('OUT_OF_ORDER');
          }
        }
        expect(history.applied()).toHaveLength(nodes.length);
      }),
    );
  });

  it('A4: continues after b (02) and c (03), which depend on e (05), stopped behind e', () => {
    const [b, c, e] = [
      migration('api:2', 'api:5'),
      migration('api:3', 'api:5'),
      migration('api:5'),
    ];
    const entries = [entry(e), entry(b, 'failed')];
    expect(shorts(plan([b, c], { entries }))).toEqual(['api:2', 'api:3']);
    expect(shorts(plan([b, c], { entries: [entry(e)] }))).toEqual(['api:2', 'api:3']);
  });

  it('A4: refuses what really comes before an applied one, and says why', () => {
    const late = migration('api:3');
    const entries = [entry('api:5'), entry(migration('api:2', 'api:5'))];
    const [problem] = problemsOf(plan([late], { entries }));
    expect(problem?.code).toBe('OUT_OF_ORDER');
    expect(problem?.message).toContain(
      'api:00000000000005 (step_5) follows it in the planned order and is applied already',
    );
    expect(shorts(plan([migration('api:3', 'api:5')], { entries }))).toEqual(['api:3']);
  });

  it('A4: another project can link two migrations, and makes neither late', () => {
    const [first, last] = [migration('p:1', 'q:2'), migration('p:3')];
    const entries = [entry(last), entry(migration('q:2', 'p:3'))];
    const options = { project: 'p', files: [first.file, last.file] };
    expect(shorts(plan([first], { ...options, entries }))).toEqual(['p:1']);
    const waiting = plan([first], { ...options, entries: [entry(last)], others: ['q:2'] });
    expect(codesOf(waiting)).toEqual(['PREREQUISITE_NOT_APPLIED']);
  });

  it('A4: a newer migration of another project makes nothing late that was written meanwhile', () => {
    const [one, two] = [migration('api:1', 'users:9'), migration('api:2')];
    const entries = [entry('users:9'), entry(one)];
    expect(shorts(plan([two], { entries }))).toEqual(['api:2']);
    expect(codesOf(plan([two], { entries: [...entries, entry('api:3')] }))).toEqual([
      'OUT_OF_ORDER',
    ]);
  });

  it('A4: orders 10,000 linked migrations of two projects in linear time', () => {
    const pending = Array.from({ length: 10_000 }, (_, n) => {
      const project = n % 2 === 0 ? 'p' : 'q';
      const id = `${project}:${n}`;
      const dependencies = n === 0 ? [] : [`${project === 'p' ? 'q' : 'p'}:${n - 1}`];
      return { id, project, version: String(20_000 - n), dependencies };
    });
    const order = plannedOrder({ entries: [], pending });
    expect(order.of('p')).toHaveLength(5_000);
    expect(order.position('q:9999')).toBe(4_999);
  });
});
