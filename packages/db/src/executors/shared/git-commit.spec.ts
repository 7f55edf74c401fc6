import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGitCommit } from './git-commit';

const COMMIT = 'c0ffee'.repeat(6) + 'beef';

describe('the commit of a report', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'flashfusion-git-'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  }

  it('G8: is found where the workspace is a folder of a larger repository', async () => {
    write({
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/refs/heads/main': `${COMMIT}\n`,
      'web/nx.json': '{}',
    });
    expect(await readGitCommit(join(root, 'web'))).toBe(COMMIT);
  });

  it('is read from a detached HEAD, from packed branches and from a linked work tree', async () => {
    write({ '.git/HEAD': `${COMMIT}\n` });
    expect(await readGitCommit(root)).toBe(COMMIT);

    write({
      '.git/HEAD': 'ref: refs/heads/packed\n',
      '.git/packed-refs': `# pack-refs with: peeled\n${COMMIT} refs/heads/packed\n`,
    });
    expect(await readGitCommit(root)).toBe(COMMIT);

    write({
      '.git/worktrees/linked/HEAD': 'ref: refs/heads/packed\n',
      '.git/worktrees/linked/commondir': '../..\n',
      'linked/.git': `gitdir: ${join(root, '.git/worktrees/linked')}\n`,
    });
    expect(await readGitCommit(join(root, 'linked'))).toBe(COMMIT);
  });

  it('is absent before the first commit', async () => {
    write({ '.git/HEAD': 'ref: refs/heads/main\n' });
    expect(await readGitCommit(root)).toBeUndefined();
  });
});
