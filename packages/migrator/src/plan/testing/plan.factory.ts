import type { Problem } from '../../errors';
import type { HistoryEntry, MigrationState } from '../../history/entry';
import type { MigrationFile, MigrationId } from '../../migration/types';
import { planApply, type PlanApplyOptions } from '../plan-apply';
import { prerequisiteLookup } from '../prerequisites';
import type { Plan, PlannableMigration, Planned } from '../types';

/** A migration called by its identity: `api:3` is version 00000000000003 of api, named `step_3`. */
export interface Sketch extends PlannableMigration {
  readonly id: MigrationId;
}

/** A migration that could be loaded. Dependencies are written as short as identities: `migration('api:2', 'api:1')`. */
export function migration(short: string, ...dependencies: readonly string[]): Sketch {
  const { project, version, number } = split(short);
  const name = `step_${number}`;
  const id = `${project}:${version}`;
  return {
    id,
    project,
    version,
    name,
    description: '',
    dependencies: dependencies.map(longId),
    mode: 'transaction',
    downMode: 'transaction',
    file: {
      id,
      project,
      version,
      name,
      path: `${project}/migrations/${version}_${name}.ts`,
      checksum: checksumOf(id),
    },
  };
}

/** The file of a migration. */
export function file(short: string): MigrationFile {
  return migration(short).file;
}

/** The latest history row of a migration, applied unless told otherwise. */
export function entry(
  of: string | PlannableMigration,
  state: MigrationState = 'applied',
  changes: Partial<HistoryEntry> = {},
): HistoryEntry {
  const {
    id,
    project,
    version,
    name,
    description,
    dependencies,
    file: its,
  } = typeof of === 'string' ? migration(of) : of;
  return {
    rowId: String(Number(version)),
    id,
    project,
    version,
    name,
    description,
    checksum: its.checksum,
    checksumAlgorithm: 'sha256',
    action: state === 'reverted' ? 'revert' : 'apply',
    state,
    success: state === 'applied' || state === 'retired' || state === 'reverted',
    attempt: 1,
    runId: '00000000-0000-4000-8000-000000000000',
    environment: 'development',
    dependencies,
    executedAt: '2025-09-17T10:22:00.000Z',
    executionTimeMs: 12,
    error: undefined,
    databaseUser: 'migrator',
    claimed: { osUser: undefined, host: undefined, gitCommit: undefined, ciUrl: undefined },
    agentVersion: '0.1.0',
    finishedStatements: 0,
    ...changes,
  };
}

/** Plans an apply of `api` with everything that a case does not speak of left at its plainest. */
export function plan(
  pending: readonly Sketch[],
  options: Partial<PlanApplyOptions<Sketch>> & { readonly others?: readonly string[] } = {},
): Planned<Plan<Sketch>> {
  const entries = options.entries ?? [];
  const others = (options.others ?? []).map((short) => migration(short));
  const migrations = new Map(
    others.map(({ project }) => [project, others.filter((other) => other.project === project)]),
  );
  return planApply({
    project: 'api',
    environment: 'development',
    pending,
    files: pending.map((one) => one.file),
    entries,
    prerequisites: prerequisiteLookup({ entries, migrations, projects: migrations.keys() }),
    outOfOrder: 'refuse',
    ...options,
  });
}

/** The short identities of a plan's steps, or of a list of anything with an identity, in order. */
export function shorts(of: Planned<Plan | readonly { readonly id: MigrationId }[]>): string[] {
  if (!of.ok) throw new Error(of.problems.map(({ message }) => message).join('\n'));
  const ids =
    'steps' in of.plan
      ? of.plan.steps.map((step) => step.migration.id)
      : of.plan.map(({ id }) => id);
  return ids.map(
    (id) => `${id.slice(0, id.lastIndexOf(':'))}:${Number(id.slice(id.lastIndexOf(':') + 1))}`,
  );
}

/** The problems that stand in the way; a failure of the test when there are none. */
export function problemsOf(planned: Planned<unknown>): readonly Problem[] {
  if (planned.ok) throw new Error('Expected problems, got a plan.');
  return planned.problems;
}

/** The codes of the problems, in order. */
export function codesOf(planned: Planned<unknown>): string[] {
  return problemsOf(planned).map(({ code }) => code);
}

/** `api:1` → `api:00000000000001`. */
export function longId(short: string): MigrationId {
  const { project, version } = split(short);
  return `${project}:${version}`;
}

function split(short: string): { project: string; version: string; number: string } {
  const colon = short.lastIndexOf(':');
  const number = short.slice(colon + 1);
  return { project: short.slice(0, colon), version: number.padStart(14, '0'), number };
}

/** Different from its first digit on, since only the first ones are shown. */
function checksumOf(id: MigrationId): string {
  const digits = [...id].reverse().map((letter) => letter.charCodeAt(0).toString(16));
  return digits.join('').padEnd(64, '0').slice(0, 64);
}
