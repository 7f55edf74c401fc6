import type { AdoptEnvironmentResult } from '../commands/adopt-environment';
import type { BaselineResult } from '../commands/baseline';
import type { RepairResult, RepairStep } from '../commands/repair';
import { repairLine } from '../plan/commands';
import { targetPath } from '../target';
import { redact } from '../text/redact';
import { foreignValue } from '../text/foreign-value';
import { count } from './wording';

/** How the front end names what its user can do next. */
export interface RepairWords {
  /** The option that does everything that was shown. */
  readonly doAll: string;
  /** The run of a resumed migration, as text. */
  readonly formatRun: (run: NonNullable<RepairResult['run']>) => string;
}

const HEADS = { planned: 'Would repair', done: 'Repaired', failed: 'Could not repair' } as const;

/** What a repair did or would do, and the commands that do it. */
export function formatRepair(given: RepairResult, words: RepairWords): string {
  const result = foreignValue(given);
  const scope = `${result.project} in ${targetPath(result)}`;
  if (result.status === 'nothing-to-do') return `Nothing needs repair: ${scope}.`;
  const lines = [`${HEADS[result.status]} ${scope}:`, ...result.steps.map(formatStep)];
  if (result.run !== undefined) lines.push('', words.formatRun(result.run));
  if (result.status === 'planned') {
    const proposed = result.steps.every(({ action }) => action !== 'choose');
    const how = proposed
      ? `Add ${words.doAll} to do all of it, or name a step yourself:`
      : 'Say which:';
    lines.push('', `Nothing was changed. ${how}`);
    for (const step of result.steps) {
      const actions = step.action === 'choose' ? step.choices : [step.action];
      lines.push(...actions.map((action) => `  ${repairLine(result, step.version, action)}`));
    }
  }
  return redact(lines.join('\n'));
}

/** What the adoption of a restored database did or would do. */
export function formatAdoption(given: AdoptEnvironmentResult): string {
  const result = foreignValue(given);
  const { environment, from, histories, others } = result;
  const rest = others.map(
    (other) =>
      `  Schema ${other.schema} is stamped '${other.environment}' and was left alone. Adopt that environment as well.`,
  );
  if (result.status === 'nothing-to-do') {
    return [`Nothing to adopt: the database is used as '${environment}'.`, ...rest].join('\n');
  }
  const head =
    result.status === 'planned'
      ? `Would adopt the database of '${from}' as '${environment}':`
      : `Adopted the database of '${from}' as '${environment}':`;
  const lines = histories.map(
    ({ schema, migrations }) =>
      `  schema ${schema}: the state of ${count(migrations, 'migration')} carried over`,
  );
  return redact([head, ...lines, ...rest].join('\n'));
}

/** Which migrations a baseline marked or would mark. */
export function formatBaseline(result: BaselineResult): string {
  const shown = foreignValue(result);
  const { project, status, marked } = shown;
  const verb = status === 'planned' ? 'Would mark' : 'Marked';
  const head = `${verb} ${count(marked.length, 'migration')} of ${project} as applied in ${targetPath(shown)}, without running them:`;
  return redact([head, ...marked.map(({ id, name }) => `  ${id} ${name}`)].join('\n'));
}

function formatStep({ id, name, action, why }: RepairStep): string {
  return `  ${id} ${name}${action === 'choose' ? '' : `: ${action}`}\n    ${why}`;
}
