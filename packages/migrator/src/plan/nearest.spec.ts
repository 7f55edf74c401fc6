import { didYouMean, nameHint, nearest } from './nearest';

describe('the nearest names', () => {
  it('are those with few letters wrong, the nearest first', () => {
    expect(nearest('user', ['users', 'user_x', 'billing'])).toEqual(['users', 'user_x']);
  });

  it('are also those that hold what was written', () => {
    expect(nearest('teams', ['add_teams_table'])).toEqual(['add_teams_table']);
  });

  it('do not care for upper and lower case', () => {
    expect(nearest('Users', ['users'])).toEqual(['users']);
  });

  it('are none when nothing is near', () => {
    expect(nearest('inventory', ['users', 'billing'])).toEqual([]);
    expect(nearest('', ['us', 'eu'])).toEqual([]);
    expect(didYouMean([])).toBeUndefined();
  });

  it('are asked for as a question', () => {
    expect(didYouMean(['a', 'b', 'c'])).toBe('Did you mean “a”, “b” or “c”?');
  });

  it('are shown among all that there are, in the same words', () => {
    expect(nameHint('stagin', ['staging', 'stage', 'production'], 'environments')).toBe(
      'Did you mean “staging”? The environments are staging, stage, production.',
    );
    expect(nameHint('inventory', ['users'], 'projects')).toBe('The projects are users.');
    expect(nameHint('users', [], 'projects')).toBe('There are no projects.');
  });

  it('stand before a list that is cut short', () => {
    const many = Array.from({ length: 40 }, (_, index) => `tenant_${index + 10}`);
    expect(nameHint('tenant_4O', many, 'tenants')).toMatch(
      /^Did you mean “tenant_40”\? .*_21, …\.$/,
    );
  });
});
