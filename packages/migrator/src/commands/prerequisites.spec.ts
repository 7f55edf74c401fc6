import { formatRunResult } from '../report/format-run-result';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnEveryDatabase } from '../testing/workspace';

describeOnEveryDatabase('a dependency on another project', (workspace) => {
  const needsUsers = (version: string) =>
    workspace()
      .project('api')
      .add('members', {
        up: 'CREATE TABLE members (person int REFERENCES people)',
        dependencies: [`users:${version}`],
      });

  it('is refused until that project is migrated, with the command that does it', async () => {
    const users = workspace()
      .project('users')
      .add('people', 'CREATE TABLE people (id int PRIMARY KEY)');
    const api = needsUsers(nthVersion(1));

    const error = await refusal(api.migrate());
    expect(error).toMatchObject({
      code: 'PREREQUISITE_NOT_APPLIED',
      hint: expect.stringContaining('users'),
    });
    expect(error.message).toContain(`users:${nthVersion(1)}`);
    expect(await workspace().tables('all')).toEqual([]);

    await users.migrate();
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['members', 'people']);
  });

  it('that is not applied yet is noted in a dry run, which shows the rest', async () => {
    workspace().project('users').add('people', 'CREATE TABLE people (id int PRIMARY KEY)');
    const result = await needsUsers(nthVersion(1)).migrate({ mode: 'dry-run' });

    expect(result.plan.steps.map(({ migration }) => migration.name)).toEqual(['members']);
    expect(result.plan.waitsFor).toEqual([`users:${nthVersion(1)}`]);
    expect(formatRunResult(result)).toContain('nx run users:migrate');
    expect(await workspace().tables('all')).toEqual([]);
  });

  it('is refused again once that project was rolled back', async () => {
    const users = workspace()
      .project('users')
      .add('people', { up: 'CREATE TABLE people (id int PRIMARY KEY)', down: 'DROP TABLE people' });
    await users.migrate();
    await users.rollback('people');
    expect((await refusal(needsUsers(nthVersion(1)).migrate())).code).toBe(
      'PREREQUISITE_NOT_APPLIED',
    );
  });

  it('that does not exist shows the nearest ones', async () => {
    workspace().project('users').add('people');
    const version = await refusal(needsUsers(nthVersion(2)).migrate());
    expect(version).toMatchObject({
      code: 'UNKNOWN_DEPENDENCY',
      hint: expect.stringContaining(nthVersion(1)),
    });

    const api = workspace()
      .project('api')
      .add('members', { dependencies: [`user:${nthVersion(1)}`] });
    expect(await refusal(api.migrate())).toMatchObject({
      code: 'UNKNOWN_PROJECT',
      hint: expect.stringContaining('users'),
    });
  });

  it('keeps the histories of projects apart, and their versions may be the same', async () => {
    const users = workspace()
      .project('users')
      .add('people', { up: 'CREATE TABLE people (id int PRIMARY KEY)', down: 'DROP TABLE people' });
    const billing = workspace()
      .project('billing')
      .add('invoices', { up: 'CREATE TABLE invoices (id int)', down: 'DROP TABLE invoices' });
    await users.migrate();
    await billing.migrate();

    expect((await users.rollback()).done.map(({ id }) => id)).toEqual([`users:${nthVersion(1)}`]);
    expect((await billing.status()).counts).toMatchObject({ applied: 1 });
    expect((await users.status()).counts).toMatchObject({ applied: 0, pending: 1 });
  });
});
