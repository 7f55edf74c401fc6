import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import { refusal } from '../source/testing/fixtures';

describe('tenants', () => {
  const files = new TemporaryFiles();
  afterEach(() => files.clean());

  /** Nothing is asked of the database: it is not there. */
  async function agent(tenants: string, signal?: AbortSignal): Promise<MigrationAgent> {
    const environments = `{ development: { url: 'pglite:.data/none', tenants: ${tenants} } }`;
    const projectRoot = files.make({
      'nx.json': {},
      'migrations/.gitkeep': '',
      'db.config.ts': `export default { loadTimeout: '50ms', environments: ${environments} };`,
    });
    const options = { projectRoot, environment: 'development', env: {}, signal };
    const [only] = await MigrationAgent.load(options);
    if (only === undefined) throw new Error('No agent was loaded.');
    return only;
  }

  it('that are never named are not waited for', async () => {
    const hanging = await agent('() => new Promise(() => {})');
    for (const ask of [hanging.migrateTenants(), hanging.statusTenants(), hanging.tenants()]) {
      const { code, message } = await refusal(ask);
      expect(code).toBe('INVALID_TENANTS');
      expect(message).toContain('environments.development.tenants gave no answer within 50 ms');
    }
  });

  it('are not waited for after a cancellation', async () => {
    const controller = new AbortController();
    const asked = (await agent('() => new Promise(() => {})', controller.signal)).migrateTenants();
    controller.abort();
    expect((await refusal(asked)).code).toBe('CANCELLED');
  });

  it('cannot end the process', async () => {
    const { code } = await refusal((await agent('() => process.exit(0)')).tenants());
    expect(code).toBe('PROCESS_EXIT');
  });
});
