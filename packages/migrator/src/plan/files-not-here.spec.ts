import { prerequisiteLookup } from './prerequisites';

describe('a folder that is a part of a workspace', () => {
  const stateWith = (projects: readonly string[]) =>
    prerequisiteLookup({ entries: [], migrations: new Map(), projects, project: 'api' }).stateOf(
      'users:20250101000000',
    );

  it('H3: knows that the files of another project are not here, if it has one project', () => {
    expect(stateWith(['api'])).toBe('filesNotHere');
    expect(stateWith([])).toBe('filesNotHere');
  });

  it('H3: takes the name for an unknown one, if there are other projects', () => {
    expect(stateWith(['api', 'billing'])).toBe('unknownProject');
  });
});
