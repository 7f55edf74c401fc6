import { folderWith, removeFolders } from '../testing/folders';
import { run } from '../testing/run';

afterAll(removeFolders);

/** What an Nx task wrote of one tenant. */
function report(batch: string, startedAt: string, tenant: string): object {
  const task = { id: 'shop:migrate--us:staging', project: 'shop', target: 'migrate--us' };
  return {
    format: 1,
    action: 'apply',
    project: 'shop',
    environment: 'staging',
    database: 'us',
    tenant,
    status: 'done',
    planned: [],
    done: [],
    notReached: [],
    durationMs: 1,
    runId: tenant,
    finishedAt: startedAt,
    origin: {
      batch: { id: batch, startedAt },
      task: { ...task, environment: 'staging', database: 'us' },
      startedAt,
      finishedAt: startedAt,
    },
  };
}

describe('The summary of ff db report', () => {
  it('G8: names a file of an earlier run once, however many targets it has', async () => {
    const [earlier, now] = ['2026-11-26T03:00:00.000Z', '2026-11-26T04:00:00.000Z'];
    const cwd = await folderWith({
      'old.json': JSON.stringify(['acme', 'globex'].map((name) => report('1', earlier, name))),
      'new.json': JSON.stringify([report('2', now, 'acme')]),
    });
    const { stdout } = await run({ cwd }, 'db', 'report', 'old.json', 'new.json');
    expect(stdout).toContain(`Not counted, 1 report of earlier runs:\n\n- old.json (${earlier})\n`);
    const json = await run({ cwd }, 'db', 'report', 'old.json', 'new.json', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ stale: [{ file: 'old.json' }] });
  });

  it('names the target of what was refused or skipped, not only the file', async () => {
    const target = { project: 'shop', environment: 'staging', databaseName: 'eu' };
    const error = { code: 'CONNECTION_FAILED', message: 'The server cannot be reached.' };
    const cwd = await folderWith({
      'run.json': JSON.stringify([
        { ...target, error },
        { ...target, databaseName: 'us', status: 'not-reached' },
        { error },
      ]),
    });
    const { stdout } = await run({ cwd }, 'db', 'report', 'run.json');
    expect(stdout).toContain('**shop staging/eu (run.json)**: CONNECTION');
    expect(stdout).toContain('**shop staging/us (run.json)**: NOT');
    expect(stdout).toContain('**run.json**: CONNECTION');
    const json = await run({ cwd }, 'db', 'report', 'run.json', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ refusals: [{ target }, {}, {}] });
  });
});
