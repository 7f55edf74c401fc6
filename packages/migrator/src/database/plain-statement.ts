/** `(` may call a function, and `;` begin another statement. */
const PLAIN = /^\s*(?:select|insert|update|delete|with|values|table)\b[^(;]*$/i;

/**
 * Whether a statement certainly only reads or writes rows: it changes no setting, no table and no search path, for it calls
 * no function. `false` in case of doubt.
 */
export function isPlainStatement(sql: string): boolean {
  return PLAIN.test(sql);
}
