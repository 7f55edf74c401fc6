/** The marker of a project with a database. Migrations are not globbed: deleting one would mark every project affected. */
export const CONFIG_GLOB = '**/db.config.{ts,mts,cts,js,mjs,cjs,json}';

/** Whether a file is such a marker, by its name alone. */
export function isConfigName(fileName: string): boolean {
  return /^db\.config\.(?:[mc]?[tj]s|json)$/.test(fileName);
}
