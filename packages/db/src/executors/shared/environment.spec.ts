import { REQUEST_VARIABLE, type NxRequest } from '../../request';
import { chooseEnvironment, isInitiator, type EnvironmentContext } from './environment';

const configurations = {
  development: { environment: 'development' },
  staging: { environment: 'staging' },
  ci: { verbose: true },
};
const targets = { migrate: { configurations }, 'db:migrate': { configurations } };

function task(configurationName?: string): EnvironmentContext {
  return {
    projectName: 'api',
    targetName: 'migrate',
    configurationName,
    target: targets.migrate,
    projectsConfigurations: {
      version: 2,
      projects: { api: { root: 'api', targets }, ':libs:users': { root: 'users', targets } },
    },
  };
}

const typed = (request: NxRequest) => ({ [REQUEST_VARIABLE]: JSON.stringify(request) });

describe('chooseEnvironment', () => {
  it('takes the environment of the configuration', () => {
    expect(chooseEnvironment('staging', task('staging'), {})).toBe('staging');
    expect(chooseEnvironment(undefined, task('staging'), {})).toBe('staging');
  });

  it('leaves it open where nothing was asked for', () => {
    expect(chooseEnvironment(undefined, task(), {})).toBeUndefined();
    expect(chooseEnvironment(undefined, task(), typed({ specs: ['api:migrate'] }))).toBeUndefined();
  });

  it('takes --environment', () => {
    expect(chooseEnvironment('staging', task(), typed({ specs: ['api:migrate'] }))).toBe('staging');
  });

  it.each([
    ['in the spec', { specs: ['api:migrate:stagin'] }],
    ['in the spec, of a target with a colon', { specs: ['api:db:migrate:stagin'] }],
    ['in the spec, of a project with colons', { specs: [':libs:users:migrate:stagin'] }],
    ['in the spec, without a project', { specs: ['migrate:stagin'] }],
    ['behind the value of an option', { specs: ['api:20250910090000', 'api:migrate:stagin'] }],
    ['as a flag', { configuration: 'stagin' }],
  ])('refuses a configuration that Nx dropped: %s', (_case, request) => {
    expect(() => chooseEnvironment(undefined, task(), typed(request))).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_ENVIRONMENT',
        message: expect.stringContaining('"stagin"'),
        hint: expect.stringContaining('staging'),
      }),
    );
  });

  it('refuses it also where a default configuration stepped in', () => {
    expect(() =>
      chooseEnvironment('development', task('development'), typed({ configuration: 'stagin' })),
    ).toThrow(expect.objectContaining({ code: 'UNKNOWN_ENVIRONMENT' }));
  });

  it('does not take part of a target for a configuration', () => {
    expect(
      chooseEnvironment(undefined, task(), typed({ specs: ['api:db:migrate'] })),
    ).toBeUndefined();
  });

  it('refuses to guess on an agent, which nobody tells what was typed', () => {
    const agent = { NX_AGENT_NAME: '3' };
    expect(() => chooseEnvironment(undefined, task(), agent)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_ENVIRONMENT',
        where: 'api:migrate',
        hint: expect.stringContaining('--environment'),
      }),
    );
    expect(chooseEnvironment('staging', task(), agent)).toBe('staging');
    expect(chooseEnvironment(undefined, task('staging'), agent)).toBe('staging');
    const told = { ...agent, ...typed({ specs: ['api:migrate'] }) };
    expect(chooseEnvironment(undefined, task(), told)).toBeUndefined();
  });

  it('refuses a configuration that names no environment', () => {
    expect(() => chooseEnvironment(undefined, task('ci'), {})).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ENVIRONMENT' }),
    );
  });

  it('refuses an --environment that contradicts the configuration', () => {
    expect(() => chooseEnvironment('development', task('staging'), {})).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('isInitiator', () => {
  it('is true for the project that was named, and where none was', () => {
    expect(isInitiator(task(), typed({ specs: ['api:migrate'] }))).toBe(true);
    expect(isInitiator(task(), typed({}))).toBe(true);
  });

  it('does not take the value of an option for what was named', () => {
    const request = { specs: [':libs:users:20250910090000', 'api:migrate'] };
    expect(isInitiator(task(), typed(request))).toBe(true);
  });

  it('is false for a project that another one depends on', () => {
    expect(isInitiator(task(), typed({ specs: [':libs:users:migrate'] }))).toBe(false);
  });
});
