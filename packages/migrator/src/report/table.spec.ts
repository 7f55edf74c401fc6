import { formatTable } from './table';

describe('a table', () => {
  it('puts columns under each other, with nothing at the ends of lines', () => {
    expect(
      formatTable([
        ['a', 'bb', 'c'],
        ['long', 'b', ''],
        ['x', '', ''],
      ]),
    ).toBe(['a     bb  c', 'long  b', 'x'].join('\n'));
  });

  it('does not count colour codes', () => {
    const red = '\u001b[31mred\u001b[39m';
    expect(
      formatTable([
        [red, 'x'],
        ['plain', 'y'],
      ]),
    ).toBe(`${red}    x\nplain  y`);
  });

  it('counts an accent or an emoji of several code points once', () => {
    expect(
      formatTable([
        ['e\u0301', 'x'],
        ['👩‍🚀', 'x'],
        ['ab', 'y'],
      ]),
    ).toBe(['e\u0301   x', '👩‍🚀   x', 'ab  y'].join('\n'));
  });

  it('of nothing is nothing', () => expect(formatTable([])).toBe(''));
});
