import { MigratorError, type MigrationAgent } from '@flashfusion/migrator';
import { refusedOutcome } from './outcome';
import { writeOutcome } from './output';
import type { Surroundings } from './surroundings';

const target = (databaseName: string, tenant: string) =>
  ({
    settings: { project: 'shop', environment: 'production', databaseName, tenant },
  }) as unknown as MigrationAgent;

function printed(outcome: ReturnType<typeof refusedOutcome>, verbose?: true) {
  const kept = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    write: (text: string) => {
      kept[name] += text;
      return true;
    },
  });
  const surroundings = { stdout: stream('out'), stderr: stream('err'), env: {} };
  writeOutcome(outcome, { verbose }, surroundings as unknown as Surroundings);
  return kept;
}

describe('The text of a command that many targets refuse', () => {
  const agents = Array.from({ length: 40 }, (_, index) => target('eu', `t${index}`));
  const changed = agents.map((agent, index) => ({
    agent,
    error: new MigratorError('CHECKSUM_MISMATCH', `shop in production/eu/t${index} was changed.`, {
      hint: `Run \`ff db repair 1 --database=eu --tenant=${index % 2 === 0 ? `t${index}` : `'t ${index}'`}\`.`,
    }),
  }));

  it('G6: has one block for each reason, with the first targets', () => {
    const held = {
      agent: target('us', 't1'),
      error: new MigratorError('LOCK_HELD', 'It is held.'),
    };
    const { err } = printed(refusedOutcome([...agents, held.agent], [...changed, held]));
    expect(err.match(/CHECKSUM_MISMATCH/g)).toHaveLength(1);
    expect(err).toMatch(/shop · production\/eu\/t0, .*production\/eu\/t11, and 28 more\n/);
    expect(err).toContain('shop · production/us/t1\nLOCK_HELD');
    const { err: all } = printed(refusedOutcome(agents, changed), true);
    expect(all).toMatch(/production\/eu\/t39\n/);
  });

  it('G6: keeps an error apart that says something else about its target', () => {
    const other = { agent: target('eu', 'x'), error: new MigratorError('LOCK_HELD', 'By ci-7.') };
    const more = { agent: target('eu', 'y'), error: new MigratorError('LOCK_HELD', 'By ci-8.') };
    const { err } = printed(refusedOutcome([other.agent, more.agent], [other, more]));
    expect(err.match(/LOCK_HELD/g)).toHaveLength(2);
  });
});
