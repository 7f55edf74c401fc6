import { readRequest, requestOf, REQUEST_VARIABLE } from './request';

describe('readRequest', () => {
  const request = (line: string) => readRequest(['node', 'nx', ...line.split(' ')]);

  it.each([
    ['run api:migrate:staging', { specs: ['api:migrate:staging'] }],
    ['run --verbose api:migrate', { specs: ['api:migrate'] }],
    ['--output-style stream run api:migrate:staging', { specs: ['api:migrate:staging'] }],
    [
      'run --to users:20250910090000 api:migrate:staging',
      { specs: ['users:20250910090000', 'api:migrate:staging'] },
    ],
    ['run-many -t run -p scope:api', {}],
    [
      'run api:migrate --configuration=staging',
      { specs: ['api:migrate'], configuration: 'staging' },
    ],
    ['run-many -t migrate -c staging', { configuration: 'staging' }],
    ['affected --targets=migrate --configuration staging', { configuration: 'staging' }],
    ['run-many -t migrate --prod', { configuration: 'production' }],
    ['run-many -t migrate --prod -c staging', { configuration: 'staging' }],
    ['status api -c=staging', { configuration: 'staging' }],
    ['run-many -t migrate', {}],
    ['run-many -t migrate -- -c staging', {}],
    ['', {}],
  ])('of nx %s', (line, expected) => {
    expect(request(line)).toEqual(expected);
  });
});

describe('requestOf', () => {
  it.each([
    ['nothing', undefined, {}],
    ['what is no JSON', '{', {}],
    ['what is no object', 'null', {}],
    ['a request', '{"configuration":"staging"}', { configuration: 'staging' }],
  ])('reads %s', (_case, value, expected) => {
    expect(requestOf({ [REQUEST_VARIABLE]: value })).toEqual(expected);
  });
});
