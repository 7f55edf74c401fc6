import {
  endingOfMigrate,
  formatTenantsResult,
  formatTenantsStatus,
  type TenantsResult,
  type TenantsStatusResult,
} from '@flashfusion/migrator';
import { EXIT, exitCodeOfError, exitCodeOfFailedRun, type ExitCode } from '../exit-code';
import type { Part } from '../outcome';
import type { Runtime } from '../runtime';

/** A run through all tenants as part of a command's outcome. */
export function tenantsPart(result: TenantsResult, { style, common }: Runtime): Part {
  const { done, failed } = result.counts;
  return {
    document: result,
    text: formatTenantsResult(result, { style, detail: common.verbose ? 'each' : 'short' }),
    exitCode: result.status === 'failed' ? exitCodeOf(result) : EXIT.done,
    effect: done + failed > 0 ? 'changed' : 'unchanged',
    ending: endingOfMigrate(result),
  };
}

/** "Nothing was touched" only where all that went wrong was refused before anything else had been done. */
function exitCodeOf({ tenants, counts }: TenantsResult): ExitCode {
  const codes = tenants.flatMap(({ failed, error, status }) => {
    if (failed !== undefined) return exitCodeOfFailedRun(failed.error);
    return status === 'refused' ? exitCodeOfError(error) : [];
  });
  if (codes.includes(EXIT.outcomeUnknown)) return EXIT.outcomeUnknown;
  return counts.done + counts.failed > 0 ? EXIT.failed : (codes[0] ?? EXIT.failed);
}

/** How all tenants stand as part of a command's outcome. */
export function tenantsStatusPart(
  result: TenantsStatusResult,
  check: boolean,
  { style, common }: Runtime,
): Part {
  const clean = result.counts.upToDate === result.counts.total;
  return {
    document: result,
    text: formatTenantsStatus(result, { style, detail: common.verbose ? 'each' : 'short' }),
    exitCode: check && !clean ? EXIT.checkFailed : EXIT.done,
    effect: 'unchanged',
  };
}
