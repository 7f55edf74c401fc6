import { mergeRollbackData } from './merge-rollback-data';

describe('A2: rollback data of two attempts', () => {
  it.each([
    [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    [{ a: { b: [1] } }, { a: { c: 2, b: [2] } }, { a: { b: [1, 2], c: 2 } }],
    [
      [1, 2],
      [2, 3],
      [1, 2, 3],
    ],
    [['x', 'x'], ['x'], ['x', 'x']],
    [['x'], ['x', 'x'], ['x', 'x']],
    [[], [{ id: 1 }], [{ id: 1 }]],
    [[{ id: 1, note: null }], [{ note: null, id: 1 }], [{ id: 1, note: null }]],
    ['same', 'same', 'same'],
    [null, null, null],
    [{ a: null }, { a: null }, { a: null }],
  ])('merges %j and %j', (earlier, later, merged) => {
    expect(mergeRollbackData(earlier, later)).toEqual(merged);
  });

  it.each([
    [1, 2, 'rollbackData was 1 in an earlier attempt and is 2 now'],
    [{ a: { 'b c': 1 } }, { a: { 'b c': null } }, 'rollbackData.a["b c"] was 1'],
    [{ a: [] }, { a: {} }, 'rollbackData.a was an array in an earlier attempt and is an object'],
    [{ a: 'secret' }, { a: 'other' }, 'rollbackData.a was another string'],
    [{ a: 1 }, [1], 'rollbackData was an object'],
  ])('refuses %j and %j', (earlier, later, message) => {
    expect(() => mergeRollbackData(earlier, later)).toThrow(
      expect.objectContaining({
        code: 'ROLLBACK_DATA_CONFLICT',
        message: expect.stringContaining(message),
        hint: expect.stringContaining('agent.savedRollbackData'),
      }),
    );
  });
});
