import type { Plan, PlanStep, StepReason } from '../plan/types';
import { migrateCommands, migrateWithDependenciesCommand } from '../plan/commands';
import { parseMigrationId } from '../migration/id';
import { modeOf } from '../migration/mode';
import { foreignValue } from '../text/foreign-value';
import { redact } from '../text/redact';
import { formatPlannedRename } from './format-rename';
import { targetOf, type Target } from '../target';
import { plainStyle, type Style } from './style';
import { count, firstLine, paragraphs } from './wording';

/** How many digits of a checksum are shown. */
const SHORT_CHECKSUM = 12;

/** Characters of an earlier error that are shown. */
const WIDEST_ERROR = 200;

/** What a dry run prints: every step in order, why it is there, what it says of itself, and how it would run. */
export function formatPlan(
  given: Plan,
  style: Style = plainStyle,
  givenTarget: Target = targetOf(given),
): string {
  const { plan, target } = foreignValue({ plan: given, target: givenTarget });
  const verb = plan.action === 'apply' ? 'apply' : 'revert';
  if (plan.steps.length === 0) return `Nothing to ${verb}.`;
  const head = `Would ${verb} ${count(plan.steps.length, 'migration')}, in this order:`;
  const width = String(plan.steps.length).length;
  const steps = plan.steps.map((step, index) =>
    formatStep(step, plan.action, `${String(index + 1).padStart(width)}. `, style),
  );
  return redact(
    paragraphs([
      formatPlannedRename(plan, plan.rename),
      head,
      ...steps,
      ...formatWaiting(plan, target, style),
    ]),
  );
}

function formatWaiting(
  { waitsFor = [], waitsForTargets = [] }: Plan,
  target: Target,
  style: Style,
): string[] {
  if (waitsFor.length === 0) return [];
  const others = new Set(waitsFor.map((id) => parseMigrationId(id).project));
  const commands = [...others].map((other) =>
    migrateCommands(
      waitsForTargets.find(({ project }) => project === other) ?? {
        project: other,
        environment: target.environment,
      },
    ),
  );
  return [
    [
      style.warning(`Before that, other projects have to apply ${waitsFor.join(', ')}:`),
      ...commands.map((command) => `  ${command}`),
      `Or apply them along with these: ${migrateWithDependenciesCommand(target)}.`,
    ].join('\n'),
  ];
}

function formatStep(step: PlanStep, action: Plan['action'], number: string, style: Style): string {
  const { migration, reason } = step;
  const margin = ' '.repeat(number.length);
  const how =
    modeOf(migration, action) === 'transaction' ? 'in a transaction' : 'without a transaction';
  const facts = [
    `why: ${describeReason(reason)}`,
    `how: ${how}, attempt ${step.attempt}, checksum ${migration.file.checksum.slice(0, SHORT_CHECKSUM)}`,
    ...(migration.dependencies.length === 0 ? [] : [`after: ${migration.dependencies.join(', ')}`]),
  ];
  return [
    `${number}${style.strong(`${migration.version} ${migration.name}`)}`,
    ...(migration.description === '' ? [] : [margin + migration.description]),
    ...facts.map((fact) => margin + style.quiet(fact)),
  ].join('\n');
}

/** Why a step is in a plan, in a few words. */
export function describeReason(reason: StepReason): string {
  switch (reason.kind) {
    case 'pending':
      return 'never applied here';
    case 'retry-failed':
      return reason.error === undefined
        ? 'failed before, tried again'
        : `failed before, tried again (${firstLine(reason.error, WIDEST_ERROR)})`;
    case 'reverted-before':
      return 'reverted before, applied again';
    case 'out-of-order':
      return `late, allowed behind ${reason.behind}`;
    case 'required-by':
      return `required by ${reason.id}`;
    case 'requested':
      return 'requested';
    case 'after-target':
      return `after ${reason.target}`;
  }
}
