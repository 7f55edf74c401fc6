import { migrationStatuses } from './migration-statuses';
import { entry, file } from './testing/plan.factory';

const seen = (options: Omit<Parameters<typeof migrationStatuses>[0], 'project'>) =>
  migrationStatuses({ project: 'api', ...options }).map(
    ({ version, state, drift }) => `${Number(version)} ${state} ${drift}`,
  );

describe('the states of migrations', () => {
  it('come from file and history together, in order of version', () => {
    const files = ['api:4', 'api:1', 'api:2', 'api:3'].map(file);
    const entries = [
      entry('api:3', 'running'),
      entry('api:1'),
      entry('api:2', 'failed'),
      entry('users:9'),
    ];
    expect(seen({ files, entries })).toEqual([
      '1 applied none',
      '2 failed none',
      '3 running none',
      '4 pending none',
    ]);
  });

  it('keep a migration whose file is gone', () => {
    expect(seen({ files: [], entries: [entry('api:1'), entry('api:2', 'reverted')] })).toEqual([
      '1 applied fileMissing',
      '2 reverted none',
    ]);
  });

  it('tell a changed file', () => {
    const changed = { ...file('api:1'), checksum: 'f'.repeat(64) };
    expect(seen({ files: [changed], entries: [entry('api:1')] })).toEqual([
      '1 applied checksumMismatch',
    ]);
  });

  it('tell one that planning found to be late', () => {
    const late = { files: ['api:1', 'api:2'].map(file), entries: [entry('api:2')] };
    expect(seen({ ...late, late: new Set([file('api:1').id]) })[0]).toBe('1 pending outOfOrder');
    expect(seen(late)[0]).toBe('1 pending none');
  });

  it('A5: keep a retired migration, which is no drift, and take it as applied when its file returns', () => {
    const entries = [entry('api:1', 'retired', { action: 'repair' })];
    expect(seen({ files: [], entries })).toEqual(['1 retired none']);
    expect(seen({ files: [file('api:1')], entries })).toEqual(['1 applied none']);
    const changed = { ...file('api:1'), checksum: 'f'.repeat(64) };
    expect(seen({ files: [changed], entries })).toEqual(['1 applied checksumMismatch']);
  });
});
