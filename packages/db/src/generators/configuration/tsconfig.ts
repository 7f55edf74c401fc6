import { joinPathFragments, offsetFromRoot, type Tree } from '@nx/devkit';
import { applyEdits, modify, parse } from 'jsonc-parser';

/** The name of the configuration under which `tsc` checks migrations. */
export const MIGRATIONS_TSCONFIG = 'tsconfig.migrations.json';

interface TsConfig {
  readonly files?: readonly unknown[];
  readonly include?: readonly unknown[];
  readonly references?: readonly { readonly path?: unknown }[];
}

/**
 * Puts migrations and `db.config.*` of a TypeScript project under a configuration of their own, which the project's tsconfig.json
 * references: `tsc --build`, and with it the `typecheck` target of Nx, then checks their types. Builds are not affected: they
 * use other configurations, and the declarations that `tsc --build` writes go to the workspace's dist folder.
 *
 * Changes nothing in a project without tsconfig.json, in one whose tsconfig.json itself includes migrations, and in one where it
 * was done before. Comments and format of tsconfig.json stay.
 *
 * @param root the project's folder, relative to the workspace
 * @param migrations the migrations folder, relative to the project
 */
export function checkTypesOf(tree: Tree, root: string, migrations: string): void {
  const path = joinPathFragments(root, 'tsconfig.json');
  const text = tree.read(path, 'utf-8');
  if (text === null) return;
  const config = parseConfig(text);
  if (config === undefined || includesMigrations(config, migrations)) return;
  const own = joinPathFragments(root, MIGRATIONS_TSCONFIG);
  if (!tree.exists(own)) tree.write(own, migrationsConfig(tree, root, migrations, config));
  const references = config.references ?? [];
  if (references.some((one) => String(one.path).endsWith(MIGRATIONS_TSCONFIG))) return;
  const reference = { path: `./${MIGRATIONS_TSCONFIG}` };
  const formattingOptions = { insertSpaces: !/^\t/m.test(text), tabSize: 2 };
  const edits =
    config.references === undefined
      ? modify(text, ['references'], [reference], { formattingOptions })
      : modify(text, ['references', references.length], reference, {
          formattingOptions,
          isArrayInsertion: true,
        });
  tree.write(path, applyEdits(text, edits));
}

function migrationsConfig(tree: Tree, root: string, migrations: string, config: TsConfig): string {
  const folder = `${offsetFromRoot(root)}dist/out-tsc/migrations/${root === '.' ? 'root' : root}`;
  const library = (config.references ?? []).find((one) =>
    /tsconfig\.(?:lib|app)\.json$/.test(String(one.path)),
  );
  const composite = library !== undefined && isSolution(tree);
  return `${JSON.stringify(
    {
      extends: './tsconfig.json',
      compilerOptions: {
        composite: true,
        declaration: true,
        emitDeclarationOnly: true,
        noEmit: false,
        rootDir: '.',
        outDir: folder,
        tsBuildInfoFile: `${folder}/tsconfig.migrations.tsbuildinfo`,
      },
      include: ['db.config.*', `${migrations}/**/*`],
      // A migration may import the project's own code.
      ...(composite ? { references: [{ path: library.path }] } : {}),
    },
    undefined,
    2,
  )}\n`;
}

/** Whether all projects of the workspace are composite: only then may they reference each other. */
function isSolution(tree: Tree): boolean {
  const base = tree.read('tsconfig.base.json', 'utf-8');
  const options = base === null ? undefined : parseObject(base)?.['compilerOptions'];
  return (options as { composite?: unknown } | undefined)?.composite === true;
}

/** A project without `include` and `files` includes everything; `**` and names of the root include what is there. */
function includesMigrations({ files, include }: TsConfig, migrations: string): boolean {
  if (include === undefined) return files === undefined;
  const [first] = migrations.split('/');
  return include.some((pattern) => {
    const start = String(pattern).replace(/^\.\//, '').split('/')[0] ?? '';
    return (
      start === '**' || start === '.' || start === '' || start === first || start.startsWith('*')
    );
  });
}

function parseConfig(text: string): TsConfig | undefined {
  return parseObject(text);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parse(text) as unknown;
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : undefined;
}
