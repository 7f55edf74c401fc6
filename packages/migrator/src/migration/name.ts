import type { Problem } from '../errors';

/** Longest name of a migration, in characters; names are ASCII, so also in bytes. */
export const MAX_NAME_LENGTH = 100;

/**
 * Checks the name of a migration: a letter, then letters, digits and `_`, at most {@link MAX_NAME_LENGTH} in all.
 * `-` is tolerated, and so are capitals, because the original agent's files have them; new names are written in
 * snake_case. A name never starts with a digit, so that it cannot be taken for a version.
 *
 * @returns what is wrong (`INVALID_NAME`), or `undefined` for a good name
 */
export function checkName(name: string): Problem | undefined {
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  const problem = (message: string, hint: string): Problem => ({
    code: 'INVALID_NAME',
    message,
    hint,
  });
  if (name === '') {
    return problem('The name of the migration is empty.', 'Name it like create_user_profiles.');
  }
  if (name.length > MAX_NAME_LENGTH) {
    return problem(
      `The migration name ${shown} has ${name.length} characters, ${MAX_NAME_LENGTH} are allowed.`,
      'Say the rest in the description.',
    );
  }
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) {
    const suggestion = toSnakeCase(name);
    return problem(
      `The migration name ${shown} is not an identifier.`,
      'Use a letter first, then letters, digits and _' +
        (/^[a-z]/.test(suggestion) ? `, for example ${suggestion}.` : '.'),
    );
  }
  return undefined;
}

/**
 * Turns what a person typed into the form of a name: `Add user-profiles!`, `addUserProfiles` → `add_user_profiles`.
 * Accents are dropped, all else that is not a letter or digit becomes `_`. The result may still be no good
 * name (empty, too long, a digit first): check it with {@link checkName}.
 */
export function toSnakeCase(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
}
