/**
 * A jest reporter that writes `<passed> <failed>` to the file named by FLASHFUSION_TEST_COUNTS, for .ci/run. A suite that
 * could not even be loaded has no tests to count: it counts as one failed test.
 */
const { writeFileSync } = require('node:fs');

module.exports = class CountReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.FLASHFUSION_TEST_COUNTS;
    if (!file) return;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    writeFileSync(file, `${results.numPassedTests} ${failed}\n`);
  }
};
