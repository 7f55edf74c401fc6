import {
  formatMarkdownSummary,
  tenantReports,
  toJson,
  toRunReports,
  type RunReport,
  type RunResult,
  type TenantsResult,
} from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/**
 * Keeps what a run did where it is not lost: CI hides the output of Nx tasks that succeed. One JSON file for each database
 * (a list in it where there were several runs: of tenants, or of other projects that were needed first),
 * and a Markdown summary of the job where the CI has a place for it (`$GITHUB_STEP_SUMMARY`). A run that had nothing to do
 * writes its file and adds nothing to the summary.
 *
 * @param folder relative to the workspace; `undefined` writes no files
 */
export async function writeReport(
  results: readonly (RunResult | TenantsResult)[],
  folder: string | undefined,
  context: Pick<ExecutorContext, 'root' | 'projectName' | 'targetName'>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  if (folder !== undefined && folder !== '') {
    const target = resolve(context.root, folder, context.projectName ?? '');
    await mkdir(target, { recursive: true });
    for (const result of results) {
      const parts = [context.targetName ?? result.action, result.environment, result.databaseName];
      const name = parts.filter((part) => part !== undefined).join('.');
      await writeFile(join(target, `${fileName(name)}.json`), toJson(documentOf(result)));
    }
  }
  const summary = env['GITHUB_STEP_SUMMARY'];
  const telling = results.filter(({ status }) => status !== 'nothing-to-do');
  if (summary !== undefined && summary !== '' && telling.length > 0) {
    await appendFile(summary, `${formatMarkdownSummary(telling.flatMap(reportsOf))}\n`);
  }
}

function reportsOf(result: RunResult | TenantsResult): RunReport[] {
  return 'tenants' in result ? tenantReports(result) : toRunReports(result);
}

function documentOf(result: RunResult | TenantsResult): RunReport | RunReport[] {
  const reports = reportsOf(result);
  const [only, ...more] = reports;
  return only !== undefined && more.length === 0 ? only : reports;
}

/** Target names may hold a slash or a colon, files may not. */
function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '-');
}
