/** As `process.env`, in a type that those can read who have no types of Node. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;
