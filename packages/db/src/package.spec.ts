import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

interface Entry {
  readonly implementation?: string;
  readonly factory?: string;
  readonly schema: string;
  readonly description: string;
}
interface Schema {
  readonly version?: number;
  readonly additionalProperties: boolean;
  readonly properties: Readonly<
    Record<string, { readonly type: unknown; readonly description: string }>
  >;
  readonly examples: readonly unknown[];
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
}

const executors = Object.entries(
  read<{ executors: Record<string, Entry> }>('executors.json').executors,
);
const generators = Object.entries(
  read<{ generators: Record<string, Entry> }>('generators.json').generators,
);

describe('the package', () => {
  it.each([...executors, ...generators])('ships what its manifests name for %s', (_name, entry) => {
    expect(existsSync(join(ROOT, entry.schema))).toBe(true);
    // With its `.js`: in a workspace of packages Nx would otherwise find the TypeScript beside it and try to run that.
    expect(entry.implementation ?? entry.factory).toMatch(/\.js$/);
    expect(existsSync(join(ROOT, entry.implementation ?? entry.factory ?? '?'))).toBe(true);
    expect(entry.description).toMatch(/\.$/);
  });

  it.each([...executors, ...generators])('has a strict, told schema for %s', (_name, entry) => {
    const schema = read<Schema>(entry.schema.replace('./dist', './src'));
    expect(schema.additionalProperties).toBe(false);
    expect(schema.examples.length).toBeGreaterThan(0);
    for (const property of Object.values(schema.properties))
      expect(property.description).not.toBe('');
  });

  it.each(executors)('lets Nx check the options of %s', (_name, entry) => {
    expect(read<Schema>(entry.schema.replace('./dist', './src')).version).toBe(2);
  });

  it.each([
    ['migrate', 'to'],
    ['rollback', 'to'],
    ['rollback', 'name'],
  ])('takes %s --%s also as the number that Nx makes of it', (executor, option) => {
    const { properties } = read<Schema>(`src/executors/${executor}/schema.json`);
    expect(properties[option]).toMatchObject({ anyOf: [{ type: 'string' }, { type: 'number' }] });
  });

  it('has a place for migrations of its own', () => {
    const manifest = read<{ 'nx-migrations': { migrations: string } }>('package.json');
    expect(read(manifest['nx-migrations'].migrations)).toMatchObject({ generators: {} });
  });

  it('moves the other packages along when nx migrate moves it', () => {
    const manifest = read<{ 'nx-migrations': { packageGroup: string[] } }>('package.json');
    expect(manifest['nx-migrations'].packageGroup).toEqual([
      '@flashfusion/migrator',
      '@flashfusion/cli',
    ]);
  });

  it('loads init without @nx/devkit, which a fresh workspace may lack', () => {
    const factory = read<{ generators: Record<string, Entry> }>('generators.json').generators[
      'init'
    ]?.factory;
    const script = `require(${JSON.stringify(join(ROOT, factory ?? '?'))});
      console.log(Object.keys(require.cache).filter((path) => /[\\/]node_modules[\\/]@nx[\\/]/.test(path)).length);`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }).trim()).toBe('0');
  });
});
