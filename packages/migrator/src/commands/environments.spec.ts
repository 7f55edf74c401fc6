import { refusal } from '../source/testing/fixtures';
import { describeOnEveryDatabase } from '../testing/workspace';

describeOnEveryDatabase('environments', (workspace) => {
  it('have a database each: one that was migrated as another is refused by every command', async () => {
    const api = workspace()
      .project()
      .add('one', { up: 'CREATE TABLE one (id int)', down: 'DROP TABLE one' });
    await api.migrate();
    api.add('two', 'CREATE TABLE two (id int)');
    const staging = { environment: 'staging' };

    for (const command of [
      () => api.migrate({}, staging),
      () => api.migrate({ mode: 'dry-run' }, staging),
      () => api.rollback('one', staging),
    ]) {
      const error = await refusal(command());
      expect(error.code).toBe('ENVIRONMENT_MISMATCH');
      expect(error.message).toMatch(/development.*staging|staging.*development/s);
    }
    const { problems } = await api.status(staging);
    expect(problems.map(({ code }) => code)).toContain('ENVIRONMENT_MISMATCH');
    expect(await workspace().tables()).toEqual(['one']);
    expect(await api.history()).toEqual(['one apply applied']);
  });

  it('are written into every row', async () => {
    const api = workspace().project().add('one').add('two', 'SELECT 1/0');
    await api.migrate({}, { environment: 'staging' });
    expect(await api.rows('environment, run_id IS NOT NULL AS run')).toEqual([
      { environment: 'staging', run: true },
      { environment: 'staging', run: true },
    ]);
  });

  it('are told to migrations', async () => {
    const api = workspace()
      .project()
      .add('seed', {
        async up(db, agent) {
          await db.query('CREATE TABLE seeded (environment text)');
          await db.insert('seeded', { environment: agent.environment });
        },
      });
    await api.migrate({}, { environment: 'staging' });
    expect(await workspace().sql('SELECT environment FROM seeded')).toEqual([
      { environment: 'staging' },
    ]);
  });
});
