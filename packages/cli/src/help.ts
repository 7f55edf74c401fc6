/** The commands of `ff db`. */
export type CommandName =
  'migrate' | 'status' | 'rollback' | 'generate' | 'baseline' | 'repair' | 'report';

/** What stands under `ff db --help`; the README says the same in more words. */
export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  failed
  2  bad input: arguments, configuration, files; nothing was touched
  3  another runner holds the lock; nothing was touched
  4  outcome unknown: the connection was lost at COMMIT
  5  status --check found something pending, failed, drifted or damaged
  130 (143, 129)  cancelled by SIGINT (SIGTERM, SIGHUP)`;

/** Command lines with what they are for. */
const EXAMPLES: Readonly<Record<CommandName, readonly (readonly [string, string])[]>> = {
  migrate: [
    ['ff db migrate', 'apply what is pending in development'],
    [
      'ff db migrate --dry-run --env=staging',
      'what would be applied in staging, in which order, why',
    ],
    ['ff db migrate --to=20250917102200', 'no further than this version'],
    ['ff db migrate --with-dependencies', 'with what it needs of other projects'],
    [
      'ff db migrate --concurrency=8 --canary=demo --stop-after=3',
      'all tenants of the environment',
    ],
    ['ff db migrate --env=production --only-failed', 'again what failed, and nothing else'],
    ['ff db migrate --project=api --lock-wait=0 --json', 'for a script'],
  ],
  status: [
    ['ff db status', 'this project in development'],
    ['ff db status --env=production --check', 'for CI: exit 5 unless everything is applied'],
    ['ff db status --check --report=run.json', 'also compare the history with the JSON of a run'],
    ['ff db status --json --recent=50', 'for a script'],
  ],
  rollback: [
    ['ff db rollback create_user_profiles', 'this one, by name or version'],
    ['ff db rollback --last', 'the newest one'],
    ['ff db rollback --to=20250917102200 --dry-run', 'what would go to get back to this version'],
  ],
  generate: [
    ['ff db generate add_teams', 'a migration named add_teams'],
    ['ff db generate create_user_profiles "Add user profile management tables"', 'described'],
    ['ff db generate add_invoices --dependencies=users:add_teams,create_accounts', 'after others'],
  ],
  baseline: [
    ['ff db baseline --to=20250917102200 --dry-run', 'what would be marked'],
    ['ff db baseline --to=20250917102200', 'mark everything up to this version'],
  ],
  repair: [
    ['ff db repair', 'what needs repair, and how'],
    ['ff db repair --yes', 'do all of it that has one honest answer'],
    ['ff db repair add_index --resume', 'go on with an interrupted migration'],
    ['ff db repair 20250917102200 --accept-checksum', 'the file was changed on purpose'],
    [
      'ff db repair --adopt-environment=production --env=staging --confirm=production',
      'a restored copy becomes staging',
    ],
  ],
  report: [
    ['ff db report dist/.migrations >> "$GITHUB_STEP_SUMMARY"', 'one summary of all Nx tasks'],
    ['ff db report api.json web.json --json', 'the same for a script'],
  ],
};

/** What stands under `ff --help`. */
export const ROOT_EXAMPLES = `
Examples:
  ff db generate add_teams "Teams and their members"
  ff db migrate --dry-run
  ff db migrate
  ff db status
  ff db rollback add_teams

\`ff db --help\` lists all commands, \`ff db migrate --help\` tells what one of them takes.`;

/** The examples of a command as they stand under its help. */
export function examples(command: CommandName): string {
  const lines = EXAMPLES[command].flatMap(([line, purpose]) => [`  ${line}`, `      ${purpose}`]);
  return ['', 'Examples:', ...lines].join('\n');
}
