import { join } from 'node:path';
import { readEnvironmentNames } from './config-outline';
import { TemporaryFiles } from './testing/temporary-files';

const temporary = new TemporaryFiles();
afterEach(() => temporary.clean());

const outline = (name: string, source: string) =>
  readEnvironmentNames(join(temporary.make({ [name]: source }), name));

test.each([
  [
    'JSON',
    'db.config.json',
    '{ "environments": { "development": { "url": "pglite:x" }, "staging": {} } }',
  ],
  [
    'what most configurations look like',
    'db.config.ts',
    `// Where the data lives
import { defineConfig } from '@flashfusion/migrator';

/** Two of them. */
export default defineConfig({
  environments: {
    development: { url: 'pglite:x' }, // embedded
    staging: { url: process.env.FLASHFUSION_NEVER_SET },
  },
});
`,
  ],
  [
    'a checked object',
    'db.config.ts',
    `import type { Config } from '@flashfusion/migrator';
export default { environments: { development: {}, staging: {} } } satisfies Config;`,
  ],
  [
    'TypeScript with types, helpers and packages that are not installed',
    'db.config.ts',
    `import { defineConfig, type Config } from '@flashfusion/migrator';
import { readSecret } from '@acme/vault';
import { join } from 'node:path';
const folder: string = join('.data', 'x');
const environments: Config['environments'] = {
  development: { url: \`pglite:\${folder}\` },
  staging: { url: readSecret('staging').url as string },
};
export default defineConfig({ environments } satisfies Config);
`,
  ],
  [
    'CommonJS',
    'db.config.cjs',
    `const { defineConfig } = require('@flashfusion/migrator');
module.exports = defineConfig({ environments: { development: {}, staging: {} } });`,
  ],
])('the environments of %s are read', async (_, name, source) => {
  const { environments, problem } = await outline(name, source);
  expect(problem).toBeUndefined();
  expect(Object.keys(environments)).toEqual(['development', 'staging']);
});

test('databases, the folder, the project and every file read are told', async () => {
  const folder = join(__dirname, 'fixtures/typescript');
  await expect(readEnvironmentNames(join(folder, 'db.config.ts'))).resolves.toEqual({
    environments: {
      development: { databases: [], protected: false },
      staging: { databases: [], protected: false },
      production: { databases: ['eu', 'us'], protected: true },
    },
    migrations: './database',
    project: 'typed',
    formerNames: [],
    files: [join(folder, 'environments.ts'), join(folder, 'db.config.ts')],
    problem: undefined,
  });
});

test('a configuration that names no environment has the default one', async () => {
  const { environments, migrations } = await outline('db.config.ts', 'export default {};');
  expect(Object.keys(environments)).toEqual(['development']);
  expect(migrations).toBe('./migrations');
});

test.each([
  ['a syntax error', 'export default { environments: ', 'LOAD_FAILED'],
  ['a throw', "throw new Error('no vault here');\nexport default {};", 'LOAD_FAILED'],
  ['a throw of nothing', 'throw null;', 'LOAD_FAILED'],
  ['an unknown key', 'export default { enviroments: {} };', 'INVALID_CONFIG'],
  [
    'an unknown key of an environment',
    'export default { environments: { a: { uri: "x" } } };',
    'INVALID_CONFIG',
  ],
  ['a bad name', 'export default { environments: { "a b": {} } };', 'INVALID_CONFIG'],
  ['no environment', 'export default { environments: {} };', 'INVALID_CONFIG'],
  ['an empty folder', 'export default { migrations: "" };', 'INVALID_CONFIG'],
  ['a project that is no text', 'export default { project: 7 };', 'INVALID_CONFIG'],
  [
    'databases without one',
    'export default { environments: { a: { databases: {} } } };',
    'INVALID_CONFIG',
  ],
  [
    'a protection that is no boolean',
    'export default { environments: { a: { protected: 1 } } };',
    'INVALID_CONFIG',
  ],
  ['no default export', 'export const config = {};', 'INVALID_CONFIG'],
  ['a promise', 'export default Promise.resolve({});', 'INVALID_CONFIG'],
  ['top-level await', 'await Promise.resolve(); export default {};', 'LOAD_FAILED'],
])('%s is a problem, not an exception', async (_, source, code) => {
  const { environments, problem } = await outline('db.config.ts', source);
  expect(problem?.code).toBe(code);
  expect(environments).toEqual({});
});

test('names that only the schema can judge are left to it', async () => {
  const { project, problem } = await outline(
    'db.config.ts',
    'export default { project: "ünïcode" };',
  );
  expect(problem).toBeUndefined();
  expect(project).toBe('ünïcode');
});

test('what the outline does not show is for the command to refuse, with its environments known', async () => {
  const source = 'export default { environments: { staging: { lockTimeout: "soon" } } };';
  const { environments, problem } = await outline('db.config.ts', source);
  expect(problem).toBeUndefined();
  expect(Object.keys(environments)).toEqual(['staging']);
});

test('a file that is gone is a problem', async () => {
  const { problem } = await readEnvironmentNames('/nowhere/db.config.ts');
  expect(problem?.code).toBe('LOAD_FAILED');
});

test('looking at a configuration writes, prints and ends nothing', async () => {
  const source = `import { writeFileSync } from 'node:fs';
writeFileSync(new URL('./touched', import.meta.url), 'x');
console.log('noise');
process.env['FLASHFUSION_CHANGED'] = 'yes';
process.exit(3);
export default { environments: { development: {} } };`;
  const { problem } = await outline('db.config.mts', source);
  expect(problem?.message).toContain('process.exit');
  expect(process.env['FLASHFUSION_CHANGED']).toBeUndefined();
});
