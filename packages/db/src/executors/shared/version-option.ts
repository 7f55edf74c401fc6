import { MigratorError } from '@flashfusion/migrator';

/**
 * The text of an option that takes a migration's version or name. Nx makes a number of some texts (`2025`, `1e3`, `0x10`): one
 * that is no version is refused, because the text that was typed is unknown. Leading zeros are kept: the schema lists the types
 * in `anyOf`, where Nx leaves a string alone.
 *
 * @param option its name, for messages
 * @param project whose versions these are
 * @throws {MigratorError} `INVALID_ARGUMENT`, with what to write instead
 */
export function versionText(option: string, value: string | number, project: string): string {
  const text = String(value);
  if (typeof value === 'string' || /^\d{14}$/.test(text)) return text;
  const meant = /^\d+$/.test(text) && text.length < 14 ? text.padStart(14, '0') : '<version>';
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `--${option} was given the number ${text}, which is no version: a version has 14 digits.`,
    {
      hint: `Pass all 14 digits, or the migration's name, --${option}=<name>. Where options come from a file, write the version as a string: "${project}:${meant}".`,
    },
  );
}
