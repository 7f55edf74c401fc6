import {
  createTestDatabase,
  describeEachPostgres,
  type TestDatabase,
  type TestServer,
} from '../postgres';
import { closeGate, type Gate } from './gate';
import { createProject, type SqlMigration, type TestProject } from './project';

/** What each test of a suite is given anew. */
export interface GatedScene {
  readonly database: TestDatabase;
  /** A closed gate on it. */
  readonly gate: Gate;
  /** Writes the test's project, which is on the database unless it is given a way there. */
  project(migrations: readonly SqlMigration[], url?: string): TestProject;
}

/** Runs a suite about a runner that is stopped at a gate, once against each server of this test run. */
export function describeGated(
  title: string,
  suite: (scene: () => GatedScene, server: TestServer) => void,
): void {
  describeEachPostgres(title, (server) => {
    let scene: GatedScene;
    let project: TestProject | undefined;
    beforeEach(async () => {
      const database = await createTestDatabase(server);
      scene = {
        database,
        gate: await closeGate(database),
        project: (migrations, url = database.url) => (project = createProject({ url, migrations })),
      };
    });
    afterEach(async () => {
      project?.remove();
      project = undefined;
      await scene.database.drop();
    });
    suite(() => scene, server);
  });
}
