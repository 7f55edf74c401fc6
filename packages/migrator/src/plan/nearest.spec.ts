import { didYouMean, nearest } from './nearest';

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
    expect(didYouMean([])).toBeUndefined();
  });

  it('are asked for as a question', () => {
    expect(didYouMean(['a', 'b', 'c'])).toBe('Did you mean “a”, “b” or “c”?');
  });
});
