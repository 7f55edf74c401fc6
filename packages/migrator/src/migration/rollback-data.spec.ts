import { runInNewContext } from 'node:vm';
import { serializeRollbackData } from './rollback-data';

const roundTrip = (value: unknown): unknown => JSON.parse(serializeRollbackData(value) ?? '');

describe('rollback data that can be stored', () => {
  it.each([
    ['null', null],
    ['text', 'DROP TABLE users; 😀'],
    ['numbers and booleans', [0, -1.5, 1e21, true, false]],
    ['objects in arrays in objects', { tables: [{ name: 'users', columns: ['id'] }], none: {} }],
    ['keys that only look special', { constructor: 1, toString: 'x', 'a b': null }],
  ])('%s comes back as it was', (_name, value) => {
    expect(roundTrip(value)).toEqual(value);
  });

  it('nothing stays nothing', () => {
    expect(serializeRollbackData(undefined)).toBeUndefined();
  });

  it('dates, urls and whatever knows its JSON become that', () => {
    const at = new Date('2025-09-17T10:22:00Z');
    const value = { at, home: new URL('https://example.org/'), own: { toJSON: () => [at] } };
    const iso = '2025-09-17T10:22:00.000Z';
    expect(roundTrip(value)).toEqual({ at: iso, home: 'https://example.org/', own: [iso] });
  });

  it('B1: bytes become the text of a bytea', () => {
    const value = { body: Buffer.from('cafe', 'hex'), part: new Uint8Array([0, 255]) };
    expect(roundTrip(value)).toEqual({ body: '\\xcafe', part: '\\x00ff' });
  });

  it('one object in two places is no cycle', () => {
    const shared = { id: 1 };
    expect(roundTrip([shared, shared])).toEqual([shared, shared]);
  });

  it('objects of another realm, without prototype, or of a class are taken for their data', () => {
    const foreign = runInNewContext('({ list: [1], at: new Date(0) })') as unknown;
    expect(roundTrip(foreign)).toEqual({ list: [1], at: '1970-01-01T00:00:00.000Z' });
    expect(roundTrip(Object.assign(Object.create(null) as object, { id: 1 }))).toEqual({ id: 1 });
    class Row {
      id = 1;
    }
    expect(roundTrip(new Row())).toEqual({ id: 1 });
  });
});

describe('rollback data that cannot be stored is refused, naming the place', () => {
  const cycle: { self?: { again?: unknown } } = {};
  cycle.self = { again: cycle };
  let deep: unknown = 'bottom';
  for (let level = 0; level < 501; level++) deep = [deep];

  it.each<[name: string, value: unknown, message: string]>([
    ['undefined in an object', { a: { b: undefined } }, 'rollbackData.a.b is undefined'],
    ['undefined in an array', [1, undefined], 'rollbackData[1] is undefined'],

    ['a hole in an array', [1, , 3], 'rollbackData[1] is undefined'],
    ['a function', { undo: () => 1 }, 'rollbackData.undo is a function'],
    ['a bigint', { rows: [{ total: 1n }] }, 'rollbackData.rows[0].total is a bigint'],
    ['a symbol', Symbol('x'), 'rollbackData is a symbol'],
    ['a symbol as key', { [Symbol('x')]: 1 }, 'rollbackData has a symbol as key'],
    ['NaN', { ratio: NaN }, 'rollbackData.ratio is NaN'],
    ['Infinity', [-Infinity], 'rollbackData[0] is -Infinity'],
    ['an invalid date', { at: new Date('never') }, 'rollbackData.at is an invalid Date'],
    ['a cycle', cycle, 'rollbackData.self.again is part of a cycle'],
    ['endless nesting', deep, 'is nested deeper than 500 levels'],
    ['the key __proto__', JSON.parse('{"__proto__": {}}'), 'rollbackData.__proto__ is a key'],
    ['half a surrogate pair', { a: 'x\ud83d' }, 'rollbackData.a has half of a surrogate pair'],
    ['half a pair in a key', { 'x\ude00': 1 }, 'has half of a surrogate pair'],
    ['a NUL character', ['a\0b'], 'rollbackData[0] has a NUL character'],
    ['a Map', { ids: new Map() }, 'rollbackData.ids is a Map'],
    ['a Set', new Set(), 'rollbackData is a Set'],
    ['an error', { error: new TypeError('x') }, 'rollbackData.error is an Error'],
    ['a promise', { rows: Promise.resolve() }, 'rollbackData.rows is a Promise'],
    ['bytes that are no bytea', new Uint16Array(2), 'rollbackData is a Uint16Array'],
    ['minus zero', { n: -0 }, 'rollbackData.n is -0'],
    ['the reserved key', { doc: { $json: '{}' } }, 'rollbackData.doc has $json as its only key'],
    ['a regular expression', /x/, 'rollbackData is a RegExp'],
    ['a Map of another realm', runInNewContext('new Map()'), 'rollbackData is a Map'],
  ])('%s', (_name, value, message) => {
    const refused = expect(() => serializeRollbackData(value));
    refused.toThrow(expect.objectContaining({ code: 'INVALID_ROLLBACK_DATA' }) as Error);
    expect(() => serializeRollbackData(value)).toThrow(message);
  });
});
