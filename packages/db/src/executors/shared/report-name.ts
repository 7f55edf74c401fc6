import { createHash } from 'node:crypto';
import type { Place } from './on-each-database';

/** File systems allow 255 bytes for the whole name. */
const LONGEST = 48;

/**
 * The name of a report file without its extension: `migrate.staging.eu`, `rollback.staging.eu.@acme` for a tenant. Different
 * targets have different names, also where the file system ignores case; a target is named like the database around it, with
 * more parts behind.
 *
 * @param task name of the Nx target
 */
export function reportName(task: string, { environment, databaseName, tenant }: Place): string {
  return [
    task.replace(/[^\w-]+/g, '-').slice(0, LONGEST),
    environment === undefined ? undefined : filePart(environment),
    databaseName === undefined ? undefined : filePart(databaseName),
    // Not to be mistaken for a database.
    tenant === undefined ? undefined : `@${filePart(tenant)}`,
  ]
    .filter((part) => part !== undefined)
    .join('.');
}

/** A name that is no safe part of a file name is readable as far as it goes, and told from similar ones by its digest. */
function filePart(name: string): string {
  if (/^[a-z0-9_-]+$/.test(name) && name.length <= LONGEST) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${name.replace(/[^\w-]+/g, '-').slice(0, LONGEST)}~${digest}`;
}
