import { isConnectionLost, sqlState } from './failure';

const failure = (fields: object) => Object.assign(new Error('it failed'), fields);

describe('The SQLSTATE of an error', () => {
  it('is five characters from the server', () => {
    expect(sqlState(failure({ code: '23505', severity: 'ERROR' }))).toBe('23505');
    expect(sqlState(failure({ code: 'P0001' }))).toBe('P0001');
  });

  it.each([
    ['EPIPE', failure({ code: 'EPIPE', errno: -32, syscall: 'write' })],
    ['ECONNRESET', failure({ code: 'ECONNRESET' })],
    ['our own codes', failure({ code: 'LOCK_HELD' })],
    ['a number', failure({ code: 23505 })],
    ['no code', new Error('no')],
    ['a string', '23505'],
    ['null', null],
    ['undefined', undefined],
  ])('is undefined for %s', (_, error) => {
    expect(sqlState(error)).toBeUndefined();
  });
});

describe('The connection is lost', () => {
  it.each([
    failure({ code: '57P01' }),
    failure({ code: '57P02' }),
    failure({ code: '57P03' }),
    failure({ code: '08006' }),
    failure({ code: '57P01', severity: 'FATAL', routine: 'ProcessInterrupts' }),
    // A pooler's answer has no routine.
    failure({ code: '08P01', severity: 'ERROR' }),
    failure({ code: 'ECONNRESET' }),
    failure({ code: 'EPIPE', errno: -32, syscall: 'write' }),
    failure({ code: 'CONNECTION_LOST' }),
    new Error('Connection terminated unexpectedly'),
    new Error('Client has encountered a connection error and is not queryable'),
  ])('by $code $message', (error) => {
    expect(isConnectionLost(error)).toBe(true);
  });

  it.each([
    failure({ code: '23503' }),
    failure({ code: '57014' }),
    failure({ code: '40P01' }),
    failure({ code: '08006', severity: 'ERROR', routine: 'CreateSubscription' }),
    failure({ code: '57P01', severity: 'ERROR', routine: 'pgfdw_report_error' }),
    new TypeError('a bug in the migration'),
    null,
    'text',
  ])('not by $code $message', (error) => {
    expect(isConnectionLost(error)).toBe(false);
  });
});
