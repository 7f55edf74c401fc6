import { realpathSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, BuildOptions, Message } from 'esbuild';
import type { Problem } from '../errors';
import { compileProblem, isTopLevelAwait } from './compile-problem';
import { findBaseTsconfig, findCustomConditions } from './find-tsconfig';
import { moduleFormat, type ModuleFormat } from './module-format';
import { locationNames, readWithLocation } from './original-location';
import { resolveImports } from './resolve-imports';

/** Where from and where to. */
export interface CompileOptions {
  /** Absolute. */
  readonly workspaceRoot: string;
  /** Absolute; only names the output, nothing is written. */
  readonly outputFolder: string;
}

/** What became of one module. */
export type CompiledModule =
  | { readonly kind: 'compiled'; readonly outputPath: string; readonly code: string }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** A module on its way through the compiler. */
interface Entry {
  /** As the caller named it, for messages. */
  readonly path: string;
  /** With symbolic links resolved, as the compiler names it. */
  readonly realPath: string;
  readonly outputName: string;
  readonly format: ModuleFormat;
  readonly tsconfig: string | undefined;
}

/**
 * Compiles TypeScript and JavaScript modules, each with its local imports in one file; all of them in one go as long as
 * nothing is wrong. Types are not checked. The output holds its own source map.
 *
 * @param paths absolute
 * @returns what became of each, in the same order
 */
export async function compileModules(
  paths: readonly string[],
  options: CompileOptions,
): Promise<CompiledModule[]> {
  const entries = paths.map((path, index): Entry => {
    const realPath = realPathOf(path);
    return {
      path,
      realPath,
      outputName: String(index),
      format: moduleFormat(realPath),
      tsconfig: findBaseTsconfig(realPath, options.workspaceRoot),
    };
  });
  const results = new Map<string, CompiledModule>();
  const conditions = findCustomConditions(options.workspaceRoot);
  for (const group of groupAlike(entries)) {
    await compileGroup(group, { ...options, conditions, results });
  }
  return entries.map((entry) => {
    const result = results.get(entry.outputName);
    if (result === undefined) throw new Error(`The compiler lost ${entry.path}`);
    return result;
  });
}

interface GroupContext extends CompileOptions {
  readonly conditions: string[];
  readonly results: Map<string, CompiledModule>;
}

/**
 * Compiles modules of one format together. One that fails must not hide what is wrong with the others: those that the
 * errors name go on alone, and if none is named (an imported file is broken) each goes alone.
 */
async function compileGroup(group: readonly Entry[], context: GroupContext): Promise<void> {
  const [first, ...others] = group;
  if (first === undefined) return;
  const { build } = await import('esbuild');
  try {
    const output = await build(buildOptions(first, group, context));
    for (const entry of group) {
      const outputPath = join(context.outputFolder, outputFile(entry));
      const code = output.outputFiles.find((file) => file.path === outputPath)?.text ?? '';
      const finished = entry.format === 'esm' ? withRequire(code, entry.realPath) : code;
      context.results.set(entry.outputName, { kind: 'compiled', outputPath, code: finished });
    }
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    if (others.length === 0) return compileAgain(first, errors, context);
    const named = new Set(
      errors.map(({ location }) => location && resolve(context.workspaceRoot, location.file)),
    );
    const suspects = group.filter((entry) => named.has(entry.realPath));
    const alone = suspects.length === 0 ? group : suspects;
    for (const entry of alone) await compileGroup([entry], context);
    const together = group.filter((entry) => !alone.includes(entry));
    await compileGroup(together, context);
  }
}

/** A top-level `await` makes a module an ES module, if its extension lets it; anything else is a problem of the file. */
async function compileAgain(
  entry: Entry,
  errors: readonly Message[],
  context: GroupContext,
): Promise<void> {
  const free = !/^\.c[tj]s$/.test(extname(entry.path));
  if (entry.format === 'cjs' && free && errors.every(isTopLevelAwait)) {
    return compileGroup([{ ...entry, format: 'esm' }], context);
  }
  const problems = errors.map((error) => compileProblem(error, entry.path, context.workspaceRoot));
  context.results.set(entry.outputName, { kind: 'problems', problems });
}

function buildOptions(
  first: Entry,
  group: readonly Entry[],
  context: GroupContext,
): BuildOptions & { write: false } {
  const node = process.versions.node.replace(/[^\d.].*$/, '');
  return {
    entryPoints: group.map((entry) => ({ in: entry.realPath, out: entry.outputName })),
    absWorkingDir: context.workspaceRoot,
    outdir: context.outputFolder,
    outExtension: { '.js': outputExtension(first) },
    write: false,
    bundle: true,
    platform: 'node',
    target: `node${node}`,
    format: first.format,
    // Set, even if empty: the compiler's own default would add a condition that Node does not have.
    conditions: context.conditions,
    tsconfig: first.tsconfig,
    define: { ...locationNames },
    sourcemap: 'inline',
    sourcesContent: false,
    charset: 'utf8',
    logLevel: 'silent',
    plugins: [
      resolveImports(first.format),
      {
        name: 'flashfusion-location',
        setup(build) {
          build.onLoad({ filter: /\.[mc]?[jt]s$/, namespace: 'file' }, ({ path }) => ({
            contents: readWithLocation(path),
            loader: /ts$/.test(path) ? 'ts' : 'js',
          }));
        },
      },
    ],
  };
}

/** Modules that one run of the compiler can take together. */
function groupAlike(entries: readonly Entry[]): Entry[][] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = `${entry.format} ${entry.tsconfig ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}

/**
 * CommonJS helpers inside an ES module need a `require`. Only then does the output mention it, and then no name of the
 * author's can collide, because the compiler keeps free of it. In front of the first line, so that line numbers stay.
 */
function withRequire(code: string, path: string): string {
  if (!code.includes('typeof require !== "undefined" ? require')) return code;
  const url = JSON.stringify(pathToFileURL(path).href);
  return `import{createRequire as __ffCreateRequire}from"node:module";const require=__ffCreateRequire(${url});${code}`;
}

function outputFile(entry: Entry): string {
  return entry.outputName + outputExtension(entry);
}

function outputExtension(entry: Entry): string {
  return entry.format === 'esm' ? '.mjs' : '.cjs';
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // The compiler says that it is not there.
  }
}
