/**
 * What a module exports by default, whichever way it was written: `export default`, `module.exports = …`, or
 * `export default` turned into CommonJS, which marks itself with `__esModule`.
 *
 * @param namespace what `import()` gave
 * @returns `undefined` where there is no default export
 */
export function defaultExport(namespace: unknown): unknown {
  const value = (namespace as { default?: unknown }).default;
  if (isObject(value) && value.__esModule === true) return value.default;
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
