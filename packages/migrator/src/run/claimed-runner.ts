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

/** Variables that identify the whole CI run, of which a job is a part. */
const RUN_VARIABLES = [
  'CI_PIPELINE_URL',
  'CIRCLE_WORKFLOW_ID',
  'BUILDKITE_BUILD_URL',
  'BUILD_URL',
  'BUILD_BUILDURI',
  'BITBUCKET_PIPELINE_UUID',
  'CI_JOB_URL',
  'CIRCLE_BUILD_URL',
];

/**
 * The commit and the CI run, as far as the variables of a CI system name them. Unlike the address of the job, the run is the same
 * for all jobs of a pipeline.
 */
export function ciOrigin(env: EnvironmentVariables = process.env): {
  readonly gitCommit: string | undefined;
  readonly ciRun: string | undefined;
} {
  return {
    gitCommit: firstOf(env, COMMIT_VARIABLES),
    ciRun: githubUrl(env) ?? firstOf(env, RUN_VARIABLES),
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
