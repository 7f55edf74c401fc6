/**
 * On CI a failed test is run once more, and its first failure is printed: tests that crash servers and race processes on a
 * shared machine can meet a moment that has nothing to do with the change. On a developer's machine nothing is retried.
 */
if (process.env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true });
