/** Options of the `migration` generator. */
export interface MigrationGeneratorSchema {
  /** Any way of writing it: `add_teams`, `Add teams`, `addTeams`. */
  readonly name: string;
  /** Name of the project that the migration belongs to. */
  readonly project: string;
  /** One sentence; made from the name when absent. */
  readonly description?: string;
  /** Names or versions of migrations that have to be applied before: of this project, or `project:name`. */
  readonly dependencies?: readonly string[];
  readonly skipFormat?: boolean;
}
