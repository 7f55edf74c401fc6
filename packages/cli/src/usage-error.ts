/** Words and options that neither hold a secret nor act on a terminal. */
const HARMLESS = /^-{0,2}[\w.,-]*$/;

/** A URL or connection string, in whose place an error says so. */
const CONNECTION = /@|:\/\//;

/**
 * Makes an error of the parser safe to print. It repeats what was typed, also a URL that was typed where none belongs, with a password
 * that no configuration names.
 *
 * @param message of the parser
 * @param args the command line
 */
export function safeUsageError(message: string, args: readonly string[]): string {
  // The engine is loaded for nothing else here: a mistyped command answers at once.
  if (args.every((arg) => HARMLESS.test(arg))) return message;
  const { foreignValue, inertText, redact } =
    require('@flashfusion/migrator') as typeof import('@flashfusion/migrator');
  let safe = message;
  for (const arg of args) {
    const shown = CONNECTION.test(arg)
      ? '(not shown: a URL or connection string)'
      : foreignValue(arg);
    if (arg !== '') safe = safe.replaceAll(arg, () => shown);
  }
  return inertText(redact(safe));
}
