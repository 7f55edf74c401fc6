import { readRequest, requestOf, REQUEST_VARIABLE } from './request';

const request = (line: string) => readRequest(['node', 'nx', ...line.split(' ')], '/workspace');

describe('readRequest', () => {
  it.each([
    ['run api:migrate:staging', ['run', 'api:migrate:staging']],
    ['run --verbose api:migrate', ['run', 'api:migrate']],
    ['--output-style stream run api:migrate', ['stream', 'run', 'api:migrate']],
    ['db-migrate api', ['db-migrate', 'api']],
    ['run --project=api --target=migrate', ['run', 'migrate']],
    ['run -p api -t=migrate', ['run', 'api', 'migrate']],
    ['run api:migrate -- --to users:20250910090000', ['run', 'api:migrate']],
  ])('D1: keeps every word of "nx %s" that may name the target', (line, words) => {
    expect(request(line)).toEqual(expect.objectContaining({ kind: 'one', words }));
  });

  it.each(['run-many -t migrate -p tag:db:api', 'affected -t migrate', 'affected:test x:y'])(
    'knows that no word of "nx %s" names a configuration',
    (line) => expect(request(line)).toMatchObject({ kind: 'many', words: [] }),
  );

  it.each([
    ['run api:migrate --configuration=staging', ['staging']],
    ['run-many -t migrate -c staging', ['staging']],
    ['affected --targets=migrate --configuration staging', ['staging']],
    ['status api -c=staging', ['staging']],
    ['run-many -t migrate --prod', ['production']],
    ['run-many -t migrate --prod=false', []],
    ['run-many -t migrate --prod -c staging', ['production', 'staging']],
    ['run-many -t migrate -c stagin -c staging', ['stagin', 'staging']],
    ['run-many -t migrate -c', ['']],
    ['run-many -t migrate -c --verbose', ['']],
    ['run-many -t migrate --configuration=', ['']],
    ['run-many -t migrate -cstaging', ['-cstaging']],
    ['run-many -t migrate -c:staging', ['-c:staging']],
    ['run-many -t migrate -vc staging', ['-vc']],
    ['run-many -t migrate --configurations=staging', ['--configurations=staging']],
    ['run-many -t migrate --configuration.x=staging', ['--configuration.x=staging']],
    ['run-many -t migrate --no-configuration', ['--no-configuration']],
    ['run-many -t migrate --concurrency=2 --canary=c', []],
    ['run-many -t migrate', []],
    ['run-many -t migrate -- -c staging', []],
    ['', []],
  ])('D1: finds what may be a configuration in "nx %s"', (line, configurations) => {
    expect(request(line).configurations).toEqual(configurations);
  });

  it('keeps the names of options, and the values of those that may name an environment', () => {
    const line = 'run api:deploy --env staging --environment=eu --conf=x --to=1 --staging';
    const options = ['env', 'staging', 'environment', 'eu', 'conf', 'x', 'to', 'staging'];
    expect(request(line).options).toEqual(options);
  });
});

describe('requestOf', () => {
  it('returns the request that was left for this workspace', () => {
    const left = request('run api:migrate');
    const env = { [REQUEST_VARIABLE]: JSON.stringify(left) };
    expect(requestOf(env, '/workspace')).toEqual(left);
    expect(requestOf(env, '/another')).toBeUndefined();
  });

  it.each([undefined, '{', 'null', '7'])('returns nothing for %s', (value) => {
    expect(requestOf({ [REQUEST_VARIABLE]: value }, '/workspace')).toBeUndefined();
  });
});
