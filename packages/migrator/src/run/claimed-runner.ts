import { hostname, userInfo } from 'node:os';
import type { EnvironmentVariables } from '../config/environment-variables';
import type { ClaimedRunner } from '../history/entry';

/** Variables in which CI systems give the commit, best known first. */
const COMMIT_VARIABLES = [
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'BITBUCKET_COMMIT',
  'CIRCLE_SHA1',
  'GIT_COMMIT',
  'BUILD_SOURCEVERSION',
  'NX_HEAD',
];

/** Variables that hold the address of the CI run as it is. */
const URL_VARIABLES = ['CI_JOB_URL', 'CIRCLE_BUILD_URL', 'BUILDKITE_BUILD_URL', 'BUILD_URL'];

/** Who runs this, as far as the machine says: a claim, unlike the database user, which the server proves. */
export function claimedRunner(env: EnvironmentVariables = process.env): ClaimedRunner {
  return {
    osUser: osUser(env),
    host: hostname() || undefined,
    gitCommit: firstOf(env, COMMIT_VARIABLES),
    ciUrl: githubUrl(env) ?? firstOf(env, URL_VARIABLES),
  };
}

function githubUrl(env: EnvironmentVariables): string | undefined {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = env;
  if (!GITHUB_SERVER_URL || !GITHUB_REPOSITORY || !GITHUB_RUN_ID) return undefined;
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
}

function firstOf(env: EnvironmentVariables, names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
}

function osUser(env: EnvironmentVariables): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user id without an entry in /etc/passwd.
    return firstOf(env, ['USER', 'USERNAME']);
  }
}
