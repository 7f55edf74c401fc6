import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConsumer, type Consumer } from './testing/consumer';
import {
  PACKAGE_NAMES,
  packPackages,
  type PackageName,
  type PackedPackages,
} from './testing/packed';
import { mustRun } from './testing/run';

interface Manifest {
  readonly main?: string;
  readonly types?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

describe.each(PACKAGE_NAMES)('the tarball of @flashfusion/%s', (name: PackageName) => {
  let packages: PackedPackages;
  let folder: string;
  let files: string[];
  let manifest: Manifest;

  beforeAll(async () => {
    packages = await packPackages();
    folder = mkdtempSync(join(tmpdir(), 'flashfusion-tarball-'));
    await mustRun('tar', ['-xzf', packages.tarball(name), '-C', folder], { cwd: folder });
    files = readdirSync(join(folder, 'package'), { recursive: true, encoding: 'utf8' });
    manifest = JSON.parse(
      readFileSync(join(folder, 'package', 'package.json'), 'utf8'),
    ) as Manifest;
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    packages.remove();
  });

  it('holds no tests, no fixtures and no build information', () => {
    expect(
      files.filter((file) =>
        /\.(spec|bench)\.|(^|\/)(testing|fixtures)(\/|$)|tsbuildinfo|^src\//.test(file),
      ),
    ).toEqual([]);
  });

  it('holds what every export, main, types and bin point to', () => {
    const targets = [
      manifest.main,
      manifest.types,
      ...Object.values(manifest.bin ?? {}),
      ...Object.values(manifest.exports).flatMap((target) =>
        typeof target === 'string' ? [target] : Object.values(target),
      ),
    ].filter((target) => target !== undefined);

    expect(targets.filter((target) => !existsSync(join(folder, 'package', target)))).toEqual([]);
    expect(targets.length).toBeGreaterThan(0);
  });

  it('has types for every door', () => {
    const doors = Object.values(manifest.exports).filter((target) => typeof target !== 'string');

    for (const door of doors) expect(door).toHaveProperty('types');
  });

  it('starts its commands with a line for the shell, executable', () => {
    for (const path of Object.values(manifest.bin ?? {})) {
      const file = join(folder, 'package', path);
      expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
      expect(statSync(file).mode & 0o111).not.toBe(0);
    }
  });

  it('says what it is and under which licence', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE']));
  });

  it('names no dependency by a path of this repository', () => {
    const text = readFileSync(join(folder, 'package', 'package.json'), 'utf8');

    expect(text).not.toMatch(/"(file|link|workspace):/);
  });
});

describe('the types of @flashfusion/migrator', () => {
  let packages: PackedPackages;
  let consumer: Consumer;

  beforeAll(async () => {
    packages = await packPackages();
    consumer = await createConsumer(packages.tarball('migrator'));
  });
  afterAll(() => {
    consumer?.remove();
    packages?.remove();
  });

  it.each([
    ['application', 'node16'],
    ['application', 'bundler'],
    ['migration', 'bundler'],
  ] as const)(
    'compile without those of pg, and a migration without those of Node: %s, %s',
    async (program, moduleResolution) => {
      const finished = await consumer.compile(program, moduleResolution);
      expect(finished).toMatchObject({ exitCode: 0, output: '' });
    },
    120_000,
  );
});
