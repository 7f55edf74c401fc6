/** As `process.env`, in a type that those can read who have no types of Node. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** The `.env` files that a front end read variables from, for messages. */
export type VariableFiles =
  | {
      readonly kind: 'read';
      /** The files that exist, relative to the workspace. The first that sets a variable wins. */
      readonly found: readonly string[];
      /** The file that a variable is from, by the variable. A variable of the process is not in it. */
      readonly origins: Readonly<Record<string, string>>;
      /** The file for secrets of this command, relative to the workspace. */
      readonly suggested: string;
      /** `untyped`: the user specified no environment, so the files of an environment were not read. */
      readonly environment: 'typed' | 'untyped';
    }
  /** `NX_LOAD_DOT_ENV_FILES=false`. */
  | { readonly kind: 'switched-off' };

/** ` in apps/api/.env` for a variable from a file, else an empty string. */
export function originOf(name: string, files: VariableFiles | undefined): string {
  const origin = files?.kind === 'read' ? files.origins[name] : undefined;
  return origin === undefined ? '' : ` in ${origin}`;
}

/** Where a variable was looked for, and where to set it. */
export function whereToSet(name: string, files: VariableFiles | undefined): string {
  const looked = 'Looked for it in the environment of this process';
  if (files === undefined) {
    return `${looked}. Set ${name} there; under Nx it may also stand in a .env file of the project or the workspace, such as .env.local, which git ignores.`;
  }
  if (files.kind === 'switched-off') {
    return `${looked}. Set ${name} there. No .env file was read, because NX_LOAD_DOT_ENV_FILES is false.`;
  }
  const { found, suggested, environment } = files;
  const read =
    found.length === 0
      ? '; the project and the workspace have no .env file for this command'
      : ` and in ${found.join(', ')}`;
  const untyped =
    environment === 'untyped'
      ? ' Files of one environment, such as .env.staging, are read only if --env names it.'
      : '';
  return `${looked}${read}. Set ${name} there, or in ${suggested}.${untyped}`;
}
