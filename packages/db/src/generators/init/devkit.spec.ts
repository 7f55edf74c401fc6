import { execFileSync } from 'node:child_process';
import { addDevkit, devkitRange, initAgain } from './devkit';

jest.mock('node:child_process', () => ({ execFileSync: jest.fn() }));

/** What the last command line gave to Nx. */
function argumentsOfNx(): readonly string[] {
  const [program, args = []] = jest.mocked(execFileSync).mock.lastCall ?? [];
  expect(program).toBe(process.execPath);
  expect(args[0]).toMatch(/nx\.js$/);
  return args.slice(1);
}

describe('@nx/devkit', () => {
  it.each([
    ['22.7.12', '~22.7.0'],
    ['24.0.0', '~24.0.0'],
    ['24.1.0-beta.2', '24.1.0-beta.2'],
  ])('belongs to Nx %s as %s', (nxVersion, range) => {
    expect(devkitRange(nxVersion)).toBe(range);
  });

  it('is added by Nx, in the version of the Nx that is there', () => {
    const { version } = require('nx/package.json') as { readonly version: string };
    addDevkit('/acme');

    expect(argumentsOfNx()).toEqual(['add', `@nx/devkit@${devkitRange(version)}`]);
    expect(execFileSync).toHaveBeenLastCalledWith(
      expect.anything(),
      expect.anything(),
      expect.objectContaining({ cwd: '/acme', stdio: 'inherit' }),
    );
  });

  it('lets init run again with the options that it was given', () => {
    initAgain('/acme', { keepExistingVersions: true, skipFormat: false });

    expect(argumentsOfNx()).toEqual([
      'g',
      '@flashfusion/db:init',
      '--keepExistingVersions=true',
      '--skipFormat=false',
    ]);
  });
});
