import type { Settings } from '../config/settings';
import type { Session } from '../database/database';
import { MigratorError, type Problem } from '../errors';
import { History } from '../history/history';
import type { DatabaseStamps, SchemaStamp } from '../history/stamps';
import type { HistoryState } from '../history/state';
import { confirmationProblem, wrongConfirmation } from '../plan/confirmation';
import type { ResultContext } from '../run/result';
import { changeEnvironment, type ChangedHistory } from './change-environment';
import { withLocks } from './own-project';
import { targetPath } from '../target';
import {
  lookAtHistory,
  projectDatabase,
  type CommandContext,
  type ProjectDatabase,
} from './project-database';

/** Which environment a database is to give up for the one of the settings. */
export interface AdoptEnvironmentOptions {
  /** The environment that the database is stamped with. */
  readonly from: string;
  /** `show` says what would be done and does nothing. */
  readonly mode: 'show' | 'run';
  /** The name that is given up: a protected database is not adopted without it. */
  readonly confirm?: string;
}

/** What was, or would be, adopted. */
export interface AdoptEnvironmentResult extends ResultContext {
  readonly status: 'nothing-to-do' | 'planned' | 'done';
  readonly from: string;
  /** In order of schema. */
  readonly histories: readonly ChangedHistory[];
  /** Schemas of the same database that belong to neither environment. Commands that undo are refused until they are adopted. */
  readonly others: readonly { readonly schema: string; readonly environment: string }[];
}

/** Makes a restored copy of one environment's database a database of this one. See {@link MigrationAgent.adoptEnvironment}. */
export async function adoptEnvironment(
  context: CommandContext,
  options: AdoptEnvironmentOptions,
): Promise<AdoptEnvironmentResult> {
  const { from, mode, confirm } = options;
  const project = await projectDatabase(context);
  if (mode === 'show') {
    refuse(wrongConfirmation(from, confirm));
    return lookAtHistory(project, 'report', async (_, history) =>
      show(project, from, history && (await survey(context, from, history))),
    );
  }
  return withLocks(project, 'exclusive', async ({ session }) => {
    const history = new History(session, context.settings.schema);
    let found = await survey(context, from, history);
    if (found.isLost) {
      const { schema, environment } = context.settings;
      const histories = [{ schema, from, migrations: 0 }];
      refuse(confirmation(context, options, found, histories));
      await history.restoreStamp(from);
      if (from === environment) {
        return { ...project.result, status: 'done', from, histories, others: [] };
      }
      found = await survey(context, from, history);
    }
    const planned = await show(project, from, found);
    if (planned.status === 'nothing-to-do') return planned;
    refuseUnreadable(found.stamps, found.schemas);
    refuse(confirmation(context, options, found, planned.histories));
    return { ...planned, status: 'done', histories: await adopt(context, from, found, session) };
  });
}

/** What is known of the database. */
interface Survey {
  readonly history: History;
  readonly stamps: DatabaseStamps;
  /** The schemas that are stamped with the environment to give up. */
  readonly schemas: readonly SchemaStamp[];
  /** This project's own history, if it still is the original agent's and has rows of that environment. */
  readonly original: HistoryState | undefined;
  /** Whether the stamps of this project's own history were deleted. */
  readonly isLost: boolean;
}

async function survey(
  { settings }: CommandContext,
  from: string,
  history: History,
): Promise<Survey> {
  const stamps = await history.stamps();
  const isLost = stamps.unread.some(
    ({ schema, why }) => why === 'empty' && schema === settings.schema,
  );
  if (!isLost) refuseSame(settings, from);
  const schemas = stamps.read.filter(({ stamp }) => stamp.environment === from);
  if (isLost) return { history, stamps, schemas, original: undefined, isLost };
  const state = await history.read(from, { project: settings.project, damage: 'report' });
  const isOriginal = state.table === 'original' && state.environments.includes(from);
  return {
    history,
    stamps,
    schemas,
    original: isOriginal ? state : undefined,
    isLost,
  };
}

async function show(
  { context: { settings }, result }: ProjectDatabase,
  from: string,
  found: Survey | undefined,
): Promise<AdoptEnvironmentResult> {
  const { environment, schema } = settings;
  const others = (found?.stamps.read ?? [])
    .filter(({ stamp }) => ![from, environment].includes(stamp.environment))
    .map((each) => ({ schema: each.schema, environment: each.stamp.environment }));
  const histories: ChangedHistory[] = [];
  if (found?.original !== undefined) {
    histories.push({ schema, from, migrations: found.original.entries.length });
  }
  for (const { schema: name } of found?.schemas ?? []) {
    const rows = (await found?.history.inSchema(name).rowsToCarry(from)) ?? [];
    const migrations = new Set(rows.map(({ entry }) => entry.id)).size;
    histories.push({ schema: name, from, migrations });
  }
  const adopted = found?.stamps.read.some(({ stamp }) => stamp.environment === environment);
  if (histories.length === 0 && adopted !== true) throw unknownEnvironment(from, others);
  const status = histories.length === 0 ? 'nothing-to-do' : 'planned';
  return { ...result, status, from, histories, others };
}

async function adopt(
  { settings }: CommandContext,
  from: string,
  { original, schemas, history }: Survey,
  session: Session,
): Promise<ChangedHistory[]> {
  const { environment } = settings;
  if (original !== undefined) {
    // Upgraded under its old name, so that its rows are carried over like all others.
    const as = { ...settings, environment: from, formerEnvironments: [environment] };
    await history.prepare({ ...as, protected: false });
    const own = (await history.stamps()).read.filter(({ schema }) => schema === settings.schema);
    return change(settings, session, [...own, ...schemas], from);
  }
  return change(settings, session, schemas, from);
}

function change(
  settings: Settings,
  session: Session,
  schemas: readonly SchemaStamp[],
  from: string,
): Promise<ChangedHistory[]> {
  return changeEnvironment(session, schemas, {
    from: [from],
    to: settings.environment,
    isProtected: () => settings.protected,
    note: `adopted from ${from}`,
    project: settings.project,
  });
}

/** The rule of protection; what confirms is the name that is given up. */
function confirmation(
  { settings }: CommandContext,
  { from, confirm }: AdoptEnvironmentOptions,
  { stamps }: Survey,
  histories: readonly ChangedHistory[],
): Problem | undefined {
  const { environment } = settings;
  return confirmationProblem(
    { configured: settings.protected, stamps },
    {
      expected: from,
      target: `${settings.project} in ${targetPath(settings)}`,
      confirm,
      would: histories.map(
        ({ schema, migrations }) =>
          `stamp schema ${JSON.stringify(schema)} '${environment}' and carry the state of ${migrations} migrations over`,
      ),
      warning: `Do this only to a copy: if this is the real database of '${from}', its own runners are refused from then on.`,
    },
  );
}

/** Half of a database must not be adopted: what cannot be read or written is named. */
function refuseUnreadable({ unread }: DatabaseStamps, schemas: readonly SchemaStamp[]): void {
  const problems = [
    ...unread.map(({ schema, why }) =>
      why === 'denied'
        ? denied(schema, 'read')
        : {
            code: 'HISTORY_CORRUPT' as const,
            message: `migration_database in schema ${JSON.stringify(schema)} has no rows: its environment is unknown. Nothing was changed.`,
            hint: 'Restore its rows from a backup.',
          },
    ),
    ...schemas.filter(({ writable }) => !writable).map(({ schema }) => denied(schema, 'write')),
  ];
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}

function denied(schema: string, what: 'read' | 'write'): Problem {
  return {
    code: 'PERMISSION_DENIED',
    message: `The database user may not ${what} the history in schema ${JSON.stringify(schema)}. Nothing was changed.`,
    hint: 'Run the command as a user who may read and append to every history of the database.',
  };
}

function refuseSame(settings: Settings, from: string): void {
  if (from !== settings.environment) return;
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `The environment to adopt is the one that this command works as: ${from}.`,
    {
      hint: 'Pass the environment that the database was restored from, and --env for the new one.',
    },
  );
}

function unknownEnvironment(from: string, others: AdoptEnvironmentResult['others']): MigratorError {
  const names = [...new Set(others.map(({ environment }) => `'${environment}'`))];
  return new MigratorError(
    'NOTHING_TO_REPAIR',
    names.length === 0
      ? `No history of this database belongs to '${from}'.`
      : `No history of this database belongs to '${from}'. It is stamped ${names.join(', ')}.`,
    { hint: 'Check the url, and the name of the environment to adopt.' },
  );
}

function refuse(problem: Problem | undefined): void {
  if (problem !== undefined) throw MigratorError.fromProblems([problem]);
}
