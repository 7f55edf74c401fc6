/**
 * The public door of the engine. Migration files need `defineMigration`, configurations `defineConfig`, programs
 * `MigrationAgent`; the rest is what tools around it print, find and translate.
 */
export { defineMigration } from './migration/define-migration';
export { defineConfig } from './config/config';
export { MigrationAgent } from './agent';
export { MigratorError } from './errors';

export type { AgentOptions, LoadAgentOptions, TargetOptions } from './agent';
export type { BaselineOptions, BaselineResult } from './commands/baseline';
export type { MigrateOptions } from './commands/plan-migrate';
export type { MigrateTenantsOptions } from './commands/migrate-tenants';
export type { AdoptEnvironmentOptions, AdoptEnvironmentResult } from './commands/adopt-environment';
export type { ChangedHistory } from './commands/change-environment';
export type { RepairAction, RepairOptions, RepairResult, RepairStep } from './commands/repair';
export type { RollbackOptions } from './commands/rollback';
export type { EarlierReport, EarlierRun, StatusOptions } from './commands/status';
export type { StatusTenantsOptions } from './commands/status-tenants';
export type {
  Config,
  DatabaseConfig,
  Duration,
  EnvironmentConfig,
  FindTenants,
  TenantSource,
  UrlSource,
} from './config/config';
export type { VariableFiles } from './config/environment-variables';
export type { SettingsOverrides } from './config/resolve-settings';
export type {
  ClientPool,
  Connection,
  DatabaseService,
  PooledClient,
  Settings,
} from './config/settings';
export type {
  ConnectionTarget,
  Database,
  OpenOptions,
  ServerFacts,
  Session,
} from './database/database';
export type { Circle, Interval, Point } from './database/values/parse-object';
export type { ErrorCode, FailedStatement, MigratorErrorOptions, Problem } from './errors';
export type {
  ClaimedRunner,
  HistoryAction,
  HistoryEntry,
  MigrationState,
  RecordedError,
} from './history/entry';
export type { JsonOf, NoRollbackData } from './migration/rollback-data';
export type {
  ColumnValues,
  Migration,
  MigrationContext,
  MigrationDatabase,
  MigrationDefinition,
  MigrationFile,
  MigrationId,
  MigrationLogger,
  QueryResult,
} from './migration/types';
export type { RevertSelection } from './plan/select-revert';
export type { MigrationStatus, PlannableMigration, Plan, PlanStep, StepReason } from './plan/types';
export type { LockHolder, RunEvent, RunListener } from './run/events';
export type { MessageSeverity, ServerMessage, ServerMessages } from './migration/server-messages';
export type {
  MigrationFailure,
  MigrationOutcome,
  ResultContext,
  RunResult,
  StatusResult,
  TenantCounts,
  TenantOutcome,
  TenantsResult,
  TenantsStatusResult,
  TenantStatus,
} from './run/result';

// For tools that find projects and write migrations.
export { CONFIG_FILE_NAMES } from './config/config-file';
export { DEFAULT_MIGRATIONS } from './config/defaults';
export { findProjects, type FoundProject } from './config/find-projects';
export { nameHint } from './plan/nearest';
export { isShortNameOf } from './plan/project-names';
export { findProjectName } from './config/project-name';
export { findWorkspaceRoot } from './config/workspace-root';
export { generateMigration, type GenerateMigrationOptions } from './scaffold/generate-migration';
export {
  CONFIGURATION_FILES,
  IGNORED_FILES,
  withIgnored,
  writeConfiguration,
} from './scaffold/write-configuration';
export type { ScaffoldedMigration } from './scaffold/scaffold-migration';

// For tools that print.
export { foldReports, type FoldedReport } from './report/fold-reports';
export {
  formatError,
  formatProblems,
  presentableError,
  type FormatErrorOptions,
} from './report/format-error';
export { formatEvent } from './report/format-event';
export { formatMarkdownSummary, type Refusal } from './report/format-markdown';
export { formatPlan } from './report/format-plan';
export { formatAdoption, formatBaseline, formatRepair } from './report/format-repair';
export { formatRunResult } from './report/format-run-result';
export { formatStatus } from './report/format-status';
export { formatStatusMatrix } from './report/format-status-matrix';
export {
  formatSkippedTargets,
  formatTargetErrors,
  type TargetError,
  type TargetErrorText,
} from './report/format-targets';
export { formatTenantsResult, formatTenantsStatus } from './report/format-tenants';
export { formatRunOrigin, formatStaleReports, skippedRefusals } from './report/format-origin';
export {
  selectPresent,
  type DatedReport,
  type PresentReports,
  type SkippedTask,
} from './report/present-reports';
export {
  originIn,
  parseBatchPlan,
  type BatchPlan,
  type CiOrigin,
  type ReportedTask,
  type ReportOrigin,
  type TaskBatch,
} from './report/report-origin';
export {
  parseRunReport,
  reportsIn,
  tenantReports,
  toRunReport,
  toRunReports,
  type RunReport,
} from './report/run-report';
export { plainStyle, type Style } from './report/style';
export { tenantsNotReached, type TenantsNotReached } from './report/tenants-not-reached';
export { toJson } from './report/to-json';
export { failedTargets, NOTHING_TO_REPEAT } from './targets/failed-targets';
export {
  checkTargets,
  refusedVisits,
  type ChangingCommand,
  type RefusedTarget,
} from './targets/check-targets';
export { includesName, type GivenNames } from './plan/select-names';
export { placeCanary, type PlacedCanary } from './targets/place-canary';
export type { TargetChoice } from './targets/select-targets';
export {
  endingOfMigrate,
  visitInOrder,
  type Ending,
  type KeepGoing,
  type Visit,
} from './targets/visit-in-order';
export { remedyLine, renderRemedy, type Remedy, type RemedyValue } from './remedy';
export { defaultEnvironment, targetOf, targetPath, type Target, type TargetPlace } from './target';
export { nameCommandsFor, type CommandName, type FrontEnd } from './front-end';
export { ciOrigin } from './run/claimed-runner';
export { foreignValue } from './text/foreign-value';
export { inertColoredText, inertText } from './text/inert';
export { redact } from './text/redact';
