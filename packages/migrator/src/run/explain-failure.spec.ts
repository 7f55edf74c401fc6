import { MigratorError } from '../errors';
import { explainFailure } from './explain-failure';

/** An error as `pg` gives it. */
const server = (code: string, fields: object = {}) =>
  Object.assign(new Error('said the server'), { code, severity: 'ERROR', ...fields });

describe('a failure of the server is explained', () => {
  it.each([
    ['53200', 'MAX_LOCKS_EXCEEDED', 'max_locks_per_transaction'],
    ['55P03', 'LOCK_TIMEOUT', 'lockTimeout'],
    ['40P01', 'LOCK_TIMEOUT', 'deadlock'],
    ['40001', 'CONCURRENT_CHANGE', 'Run again'],
    ['57014', 'STATEMENT_TIMEOUT', 'statementTimeout'],
    ['55P04', 'ENUM_VALUE_NOT_COMMITTED', 'transaction: false'],
    ['25P02', 'TRANSACTION_ABORTED', 'SAVEPOINT'],
    ['25001', 'MIGRATION_FAILED', 'transaction: false'],
    ['42501', 'MIGRATION_FAILED', 'grant'],
    ['53100', 'MIGRATION_FAILED', 'disk is full'],
    ['57P01', 'CONNECTION_LOST', 'Run again'],
  ])('%s is %s, with what to do', (state, code, hint) => {
    const error = explainFailure(server(state), 'a.ts');
    expect(error).toMatchObject({ code, where: 'a.ts', hint: expect.stringContaining(hint) });
    expect(error.message).toContain('said the server');
  });

  it.each([
    ['08006', 'CreateSubscription', 'subscription "s" could not connect to the publisher'],
    ['08001', 'connect_pg_server', 'could not connect to server "remote"'],
    ['08P01', 'exec_stmt_raise', 'raised by a function'],
  ])('%s of %s is about another connection than that of the migration', (code, routine, text) => {
    const error = explainFailure(server(code, { routine, message: text }), 'a.ts');
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: `${text} (SQLSTATE ${code})`,
      hint: expect.stringContaining('The connection of the migration is open'),
    });
  });

  it('57P01 that a foreign server reported is no loss of the connection', () => {
    const error = explainFailure(server('57P01', { routine: 'pgfdw_report_error' }), 'a.ts');
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', hint: undefined });
  });

  it.each(['syntax error at or near "\\"', 'Syntaxfehler bei »\\«'])(
    'a command of psql is named as one: %s',
    (message) => {
      expect(explainFailure(server('42601', { message }), 'a.ts').hint).toContain('\\restrict');
    },
  );

  it('an empty search_path, which a dump leaves, is named', () => {
    const error = server('3F000', { routine: 'RangeVarGetCreationNamespace' });
    expect(explainFailure(error, 'a.ts').hint).toContain('search_path is empty');
  });

  it('an error of the engine gets the place in the migration that caused it', () => {
    const own = new MigratorError('COPY_FROM_STDIN', 'It was not sent.', { hint: 'Use INSERT.' });
    own.stack = 'Error\n    at query (/client.js:1:2)\n    at async up (/shop/a.ts:7:14)';
    expect(explainFailure(own, '/shop/a.ts')).toMatchObject({
      code: 'COPY_FROM_STDIN',
      hint: 'Use INSERT.',
      where: '/shop/a.ts:7:14',
    });
  });

  it.each([
    ['at Object.up (/shop/migrations/a.ts:7:14)', '/shop/migrations/a.ts:7:14'],
    ['at /shop/migrations/a.ts:7:14', '/shop/migrations/a.ts:7:14'],
    ['at async up (file:///shop/migrations/a.ts:7:14)', '/shop/migrations/a.ts:7:14'],
    ['at up (/old/shop/migrations/a.ts:7:14)', '/shop/migrations/a.ts'],
    ['at up (/shop/migrations/a.tsx:7:14)', '/shop/migrations/a.ts'],
  ])('points at the line of the migration: %s', (frame, where) => {
    const error = server('42601');
    error.stack = `Error: said the server\n    at query (/shop/client.js:1:2)\n    ${frame}\n    at run (/shop/run.js:3:4)`;
    expect(explainFailure(error, '/shop/migrations/a.ts').where).toBe(where);
  });

  it('does not claim a rollback where there was no transaction', () => {
    const { hint } = explainFailure(server('57P01'), 'a.ts', 'no-transaction');
    expect(hint).toContain('Nothing is rolled back');
  });

  it('says of a deadlock without a transaction which statements meet in one', () => {
    const { hint } = explainFailure(server('40P01'), 'a.ts', 'no-transaction');
    expect(hint).toContain('Two CREATE INDEX CONCURRENTLY on one table do that.');
  });

  it('with its SQLSTATE and its details, one a line', () => {
    const { message } = explainFailure(
      server('23505', { detail: 'Key (id)=(1) already exists.', where: 'line 3' }),
      'a.ts',
    );
    expect(message).toBe(
      'said the server (SQLSTATE 23505)\n  detail: Key (id)=(1) already exists.\n  where: line 3',
    );
  });

  it('without the passwords that it repeats', () => {
    const url = 'postgres://ada:s3cret-word@db.example/app';
    const error = explainFailure(server('42601', { message: `near ${url}`, detail: url }), 'a.ts');
    expect(`${error.message}\n${error.stack}`).not.toContain('s3cret-word');
  });

  it('with the original as its cause', () => {
    const cause = server('42601');
    expect(explainFailure(cause, 'a.ts').cause).toBe(cause);
  });
});

describe('one SQLSTATE with several causes gets a hint that is true for the cause', () => {
  it.each([
    [
      '57014',
      'canceling statement due to statement timeout',
      'ProcessInterrupts',
      'STATEMENT_TIMEOUT',
      'Raise statementTimeout',
    ],
    [
      '57014',
      'canceling statement due to user request',
      'ProcessInterrupts',
      'QUERY_CANCELED',
      'pg_cancel_backend',
    ],
    [
      '57014',
      'storniere Anfrage wegen Benutzeraufforderung',
      'ProcessInterrupts',
      'STATEMENT_TIMEOUT',
      'If an administrator canceled it',
    ],
    [
      '57014',
      'COPY from stdin failed: No source stream defined',
      'CopyGetData',
      'COPY_FROM_STDIN',
      'pg_dump --inserts',
    ],
    [
      '57014',
      'COPY von STDIN fehlgeschlagen: No source stream defined',
      'CopyGetData',
      'COPY_FROM_STDIN',
      'pg_dump --inserts',
    ],
    [
      '25P04',
      'terminating connection due to transaction timeout',
      'ProcessInterrupts',
      'CONNECTION_LOST',
      'transaction_timeout',
    ],
    [
      '25P03',
      'terminating connection due to idle-in-transaction timeout',
      'ProcessInterrupts',
      'CONNECTION_LOST',
      'idle_in_transaction_session_timeout',
    ],
    [
      '57P05',
      'terminating connection due to idle-session timeout',
      'ProcessInterrupts',
      'CONNECTION_LOST',
      'idle_session_timeout',
    ],
    [
      '25001',
      'VACUUM cannot run inside a transaction block',
      'PreventInTransactionBlock',
      'MIGRATION_FAILED',
      'transaction: false',
    ],
    [
      '25001',
      'VACUUM cannot be executed from a function',
      'PreventInTransactionBlock',
      'MIGRATION_FAILED',
      'never inside a function',
    ],
    [
      '25001',
      'SET TRANSACTION ISOLATION LEVEL must be called before any query',
      'call_enum_check_hook',
      'MIGRATION_FAILED',
      'first statement of a transaction',
    ],
    [
      '25001',
      'SET TRANSACTION ISOLATION LEVEL muss vor allen Anfragen aufgerufen werden',
      'call_enum_check_hook',
      'MIGRATION_FAILED',
      'first statement of a transaction',
    ],
  ])('%s %s', (state, message, routine, code, hint) => {
    const error = explainFailure(server(state, { message, routine }), 'a.ts');
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
  });

  it('25001 without a transaction names db.script instead of transaction: false', () => {
    const fields = {
      message: 'VACUUM cannot run inside a transaction block',
      routine: 'PreventInTransactionBlock',
    };
    const { hint } = explainFailure(server('25001', fields), 'a.ts', 'no-transaction');
    expect(hint).toContain('db.script()');
    expect(hint).not.toContain('transaction: false');
  });
});
