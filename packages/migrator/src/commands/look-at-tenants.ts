import type { Connection } from '../config/settings';
import { isConnectionLimit } from '../database/connection-error';
import type { Session } from '../database/database';
import { History } from '../history/history';
import type { ReadOptions } from '../history/state';
import type { Concurrency } from '../targets/concurrency';
import { walkTargets } from '../targets/walk-targets';
import type { Tenant } from './find-tenants';
import {
  lookAtHistory,
  openOptions,
  projectDatabase,
  type CommandContext,
  type ProjectDatabase,
} from './project-database';
import { readProjectHistory, type ProjectHistory } from './read-project-history';

/** A tenant's database as somebody may look at it, or why nobody can. */
export type TenantLook<T> =
  | { readonly ok: true; readonly tenant: Tenant; readonly seen: T }
  | { readonly ok: false; readonly tenant: Tenant; readonly error: unknown };

/** What is seen of one tenant. */
export interface TenantView {
  readonly context: CommandContext;
  readonly state: ProjectHistory;
  /** Where the state was read, if that session is still open. */
  readonly history: History | undefined;
}

/** How to look. */
export interface LookOptions<T> {
  readonly project: ProjectDatabase;
  readonly tenants: readonly Tenant[];
  readonly concurrency: Concurrency;
  readonly damage: ReadOptions['damage'];
  readonly look: (view: TenantView) => Promise<T>;
}

/**
 * Looks at the histories of many tenants, read-only and without locks. Tenants that are schemas of one database are looked
 * at on the same few sessions: a connection each would cost more than the look. Never rejects for a single tenant.
 *
 * @returns in the order of `tenants`
 */
export async function lookAtTenants<T>(options: LookOptions<T>): Promise<TenantLook<T>[]> {
  const { tenants, concurrency, project } = options;
  const looks = new Map<Tenant, TenantLook<T>>();
  await walkTargets<Tenant, TenantLook<T>>({
    targets: tenants,
    concurrency: concurrency.limit,
    openWorker: () => {
      const looker = new Looker(project);
      return {
        work: (tenant) => lookAtOne(looker, tenant, options),
        close: () => looker.close(),
      };
    },
    isOverLimit: (look) => !look.ok && isConnectionLimit(look.error),
    mayBegin: () => true,
    onResult: (tenant, look) => void looks.set(tenant, look),
    onLowered: (limit) => concurrency.lower(limit),
    signal: project.context.signal,
  });
  return tenants.flatMap((tenant) => looks.get(tenant) ?? []);
}

async function lookAtOne<T>(
  worker: Looker,
  tenant: Tenant,
  { look, damage }: LookOptions<T>,
): Promise<TenantLook<T>> {
  try {
    const view = await worker.view(tenant, damage);
    return { ok: true, tenant, seen: await look(view) };
  } catch (error) {
    return { ok: false, tenant, error };
  }
}

/** Keeps one session for the tenants that are schemas of the environment's own database. */
class Looker {
  private session: Session | undefined;
  private readonly shared: Connection;

  constructor(private readonly project: ProjectDatabase) {
    this.shared = project.context.settings.connection;
  }

  async view({ settings }: Tenant, damage: ReadOptions['damage']): Promise<TenantView> {
    const context = { ...this.project.context, settings, onEvent: () => undefined };
    const { connection, schema } = settings;
    if (connection !== this.shared || !(await this.project.database.exists())) {
      const database = await projectDatabase(context);
      const look = (state: ProjectHistory) => Promise.resolve(state);
      return { context, state: await lookAtHistory(database, damage, look), history: undefined };
    }
    const session = await this.open();
    const history = new History(session, schema);
    return { context, state: await readProjectHistory(context, history, damage), history };
  }

  async close(): Promise<void> {
    await this.session?.close();
  }

  private async open(): Promise<Session> {
    if (this.session?.closed !== false) {
      const { context, database } = this.project;
      this.session = await database.open(openOptions(context.settings, 'read-only'));
    }
    return this.session;
  }
}
