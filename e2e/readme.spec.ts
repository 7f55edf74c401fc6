import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Folder } from './testing/folder';
import { REPOSITORY } from './testing/packed';
import { mustRun } from './testing/run';

jest.setTimeout(240_000);

/** Output without what differs from run to run: times, durations, who ran it, and the widths that follow from them. */
function steady(text: string): string[] {
  return text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, '<time>')
    .replace(/\d+(\.\d+)? (ms|s)\b/g, '<took>')
    .replace(/\([^()\s]+@[^()\s]+\)/g, '(<who>)')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '');
}

/** The blocks of the README that begin with a command line, by that line. */
function consoleBlocks(): Map<string, string> {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```console\n\$ (.+)\n([^]*?)```/g)];
  return new Map(blocks.map(([, command = '', output = '']) => [command, output]));
}

describe('the README', () => {
  const folder = new Folder();
  const demo = () => mustRun(process.execPath, ['tools/demo.mjs'], { cwd: folder.path });
  let firstDemo: string;
  const program = (name: string) => join(REPOSITORY, 'node_modules', '.bin', name);

  // The examples in a workspace of their own, so that nobody's .data is touched.
  beforeAll(async () => {
    for (const path of ['examples', 'package.json', 'nx.json', 'tsconfig.base.json']) {
      cpSync(join(REPOSITORY, path), join(folder.path, path), {
        recursive: true,
        filter: (source) => !/node_modules|\.data/.test(source),
      });
    }
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder.path, 'node_modules'));
    cpSync(join(REPOSITORY, 'tools/demo.mjs'), join(folder.path, 'tools/demo.mjs'));
    firstDemo = (await demo()).stdout;
  });
  afterAll(() => folder.remove());

  it('demonstrates the examples: all is applied, and a second time nothing', async () => {
    expect(firstDemo.match(/\[\d+\/\d+\] applied /g)).toHaveLength(19);
    expect(firstDemo.match(/, 0 pending, 0 failed, 0 drifted/g)).toHaveLength(4);
    const { stdout } = await demo();
    expect(stdout.match(/Nothing to apply/g)).toHaveLength(4);
    expect(stdout).not.toContain('applied in');
  });

  it.each([
    ['npx nx run api:status', 'nx', ['run', 'api:status']],
    ['npx ff db status --project=api', 'ff', ['db', 'status', '--project=api']],
  ])('shows what `%s` really prints', async (command, name, args) => {
    const shown = consoleBlocks().get(command);
    expect(shown).toBeDefined();

    const { stdout } = await mustRun(program(name), args, { cwd: folder.path });

    const real = steady(stdout);
    const expected = steady(shown ?? '');
    const start = real.indexOf(expected[0] ?? '');
    expect(real.slice(start, start + expected.length)).toEqual(expected);
  });
});
