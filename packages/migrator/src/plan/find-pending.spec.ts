import type { HistoryEntry } from '../history/entry';
import type { MigrationFile } from '../migration/types';
import { findPending } from './find-pending';
import { withProblems } from './types';
import { codesOf, entry, file, problemsOf, shorts } from './testing/plan.factory';

const find = (files: readonly MigrationFile[], ...entries: readonly HistoryEntry[]) => {
  const { pending, problems } = findPending({ project: 'api', files, entries });
  return withProblems({ ok: true, plan: pending }, problems);
};

describe('finding what is pending', () => {
  it('takes every file without a history, in order of version', () => {
    expect(shorts(find([file('api:2'), file('api:1')]))).toEqual(['api:1', 'api:2']);
  });

  it('finds one that was merged late, below what is applied', () => {
    const files = [file('api:1'), file('api:2'), file('api:3')];
    expect(shorts(find(files, entry('api:1'), entry('api:3')))).toEqual(['api:2']);
  });

  it('takes failed and reverted ones again', () => {
    const files = [file('api:1'), file('api:2')];
    const pending = find(files, entry('api:1', 'failed'), entry('api:2', 'reverted'));
    expect(shorts(pending)).toEqual(['api:1', 'api:2']);
  });

  it('does not mind that a failed or reverted migration has another file now, or none', () => {
    const changed = { ...file('api:1'), checksum: 'f'.repeat(64) };
    const pending = find([changed], entry('api:1', 'failed'), entry('api:2', 'reverted'));
    expect(shorts(pending)).toEqual(['api:1']);
  });

  it('passes over the history of other projects', () => {
    expect(shorts(find([file('api:1')], entry('users:7'), entry('users:1')))).toEqual(['api:1']);
  });

  it('leaves an applied migration applied when only a revert of it failed', () => {
    const tried = entry('api:1', 'applied', { action: 'revert', success: false, attempt: 2 });
    expect(shorts(find([file('api:1')], tried))).toEqual([]);
  });

  it('refuses to go on when an applied file was changed', () => {
    const changed = { ...file('api:1'), checksum: 'f'.repeat(64) };
    const [problem] = problemsOf(find([changed], entry('api:1')));
    expect(problem).toMatchObject({ code: 'CHECKSUM_MISMATCH', where: changed.path });
    expect(problem?.message).toContain('file ffffffffffff');
    expect(problem?.hint).toContain('--accept-checksum');
  });

  it('does not compare checksums of the original agent', () => {
    const old = entry('api:1', 'applied', { checksum: 'abc', checksumAlgorithm: 'legacy' });
    expect(shorts(find([file('api:1')], old))).toEqual([]);
  });

  it('refuses a checksum of an algorithm that it does not know', () => {
    const odd = entry('api:1', 'applied', { checksumAlgorithm: 'none' });
    expect(codesOf(find([file('api:1')], odd))).toEqual(['HISTORY_CORRUPT']);
  });

  it('refuses to go on when the file of an applied migration is gone', () => {
    const [problem] = problemsOf(find([], entry('api:1')));
    expect(problem).toMatchObject({ code: 'FILE_MISSING', where: entry('api:1').id });
    expect(problem?.hint).toContain('version control');
  });

  it('refuses to go on behind one that was interrupted, and shows the ways out', () => {
    const [problem] = problemsOf(find([file('api:1')], entry('api:1', 'running')));
    expect(problem?.code).toBe('INTERRUPTED');
    for (const way of ['--resume', '--mark-applied', '--mark-reverted']) {
      expect(problem?.hint).toContain(way);
    }
  });

  it('refuses to go on behind one whose revert without a transaction failed half way', () => {
    const half = entry('api:1', 'failed', { action: 'revert' });
    const [problem] = problemsOf(find([file('api:1')], half));
    expect(problem?.code).toBe('INTERRUPTED');
    expect(problem?.hint).toContain('ff db rollback 00000000000001 --project=api');
  });

  it('reports everything at once', () => {
    const changed = { ...file('api:2'), checksum: 'f'.repeat(64) };
    const found = find([changed], entry('api:1'), entry('api:2'), entry('api:3', 'running'));
    expect(codesOf(found)).toEqual(['FILE_MISSING', 'CHECKSUM_MISMATCH', 'INTERRUPTED']);
  });
});

describe('a history that contradicts itself', () => {
  it.each<[string, readonly HistoryEntry[]]>([
    ['for the second time', [entry('api:1'), entry('api:1', 'reverted')]],
    ['says project “api”', [entry('api:1', 'applied', { version: '7' })]],
    [
      'has the action “baseline” and the state “failed”',
      [entry('api:1', 'failed', { action: 'baseline' })],
    ],
    ['unknown action “drop”', [entry('api:1', 'applied', { action: 'drop' as 'apply' })]],
    ['the state “done”', [entry('api:1', 'done' as 'applied')]],
    ['has the attempt number 0', [entry('api:1', 'applied', { attempt: 0 })]],
    ['is a success in state “failed”', [entry('api:1', 'failed', { success: true })]],
    ['is no success in state “applied”', [entry('api:1', 'applied', { success: false })]],
    ['is no success in state “reverted”', [entry('api:1', 'reverted', { success: false })]],
  ])('is refused where a row %s', (message, entries) => {
    const [problem] = problemsOf(find([file('api:1')], ...entries));
    expect(problem?.code).toBe('HISTORY_CORRUPT');
    expect(problem?.message).toContain(message);
  });
});
