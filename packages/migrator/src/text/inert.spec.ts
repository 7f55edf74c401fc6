import { foreignLine, foreignText, inertColoredText, inertText } from './inert';
import { rememberSecret } from './redact';

describe('Foreign text', () => {
  it.each([
    ['\u001b[2J', '\\x1b[2J'],
    ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['\u009b2J', '\\x9b2J'],
    ['over\rwritten', 'over\\x0dwritten'],
    ['erased\b\b\b\b', 'erased\\x08\\x08\\x08\\x08'],
    ['\0\u007f', '\\x00\\x7f'],
    ['a\u202eb\u2066c\u061c', 'a\\u202eb\\u2066c\\u061c'],
    ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
    ['half \ud83d of one', 'half \\ud83d of one'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
    ['a\u2028b', 'a\\u2028b'],
  ])('E5: %j cannot act on a terminal', (text, expected) => {
    expect(foreignText(text)).toBe(expected);
  });

  it.each([
    ['::set-output name=a::b', '\\::set-output name=a::b'],
    ['first\n  \t::error::x', 'first\n  \t\\::error::x'],
    ['\u00a0\u3000::error::x', '\u00a0\u3000\\::error::x'],
    ['first\r::error::x', 'first\\x0d::error::x'],
    ['first\r\n::error::x', 'first\n\\::error::x'],
    ['##[error]x', '#\\#[error]x'],
    ['in a line ##[add-mask]x', 'in a line #\\#[add-mask]x'],
    [
      'in a line ##vso[task.setvariable variable=a]b',
      'in a line #\\#vso[task.setvariable variable=a]b',
    ],
    ["###teamcity[buildStop comment='x']", "##\\#teamcity[buildStop comment='x']"],
    ['####vso[a]', '###\\#vso[a]'],
    ['section_start:1:a\r\u001b[0K', 'section_start:1:a\\x0d\\x1b[0K'],
  ])('E5: %j cannot act as a command of a CI', (text, expected) => {
    expect(foreignText(text)).toBe(expected);
  });

  it.each(['a::b', 'x::text', '## heading', 'tab\tand\nline', 'ü 漢字 🐘 👩‍👩‍👧', '[x]', 'api:01'])(
    'is left alone where it is harmless: %j',
    (text) => {
      expect(foreignText(text)).toBe(text);
    },
  );

  it('does not change when it is treated again', () => {
    const once = foreignText('::a\n##vso[x]\u001b[0m\u202e\r\n::b');
    expect(foreignText(once)).toBe(once);
    expect(inertColoredText(once)).toBe(once);
  });

  it('stays in one line where there is room for one', () => {
    expect(foreignLine('a\n::b\r\nc')).toBe('a\\n\\::b\\nc');
  });

  it('E5: is cut, with the number of characters that are left out', () => {
    expect(foreignText('x'.repeat(5_000_000))).toBe(
      `${'x'.repeat(10_000)}… (4990000 more characters)`,
    );
  });

  it('is redacted before it is escaped', () => {
    rememberSecret('can\u001bary\n::x');
    expect(foreignText('<can\u001bary\n::x>')).toBe('<***>');
  });
});

describe('Text that was colored', () => {
  it('keeps the colors and nothing else', () => {
    expect(
      inertColoredText('\u001b[31mred\u001b[39m \u001b[1m\u001b[22m \u001b[8mhidden\u001b[2J'),
    ).toBe('\u001b[31mred\u001b[39m \u001b[1m\u001b[22m \\x1b[8mhidden\\x1b[2J');
  });

  it('is no command behind a color', () => {
    expect(inertColoredText('\u001b[31m ::error::x')).toBe('\u001b[31m \\::error::x');
    expect(inertText('\u001b[31m::error::x')).toBe('\\x1b[31m::error::x');
  });
});
