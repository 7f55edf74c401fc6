import { OutputSettings, type AskedSettings } from './output-settings';

const MONEY = 790;
const RECORD = 2249;
const USER_TYPE = 16_400;

const ASKED: AskedSettings = {
  date_style: 'ISO, DMY',
  interval_style: 'postgres',
  float_digits: '1',
  money: 'de_DE.UTF-8',
  money_within: true,
};

describe('Money', () => {
  it.each(['C', 'POSIX', 'C.UTF-8', 'en_US.utf8'])('B1: is exact in the locale %s', (money) => {
    expect(whyInexact(MONEY, '$1,234.56', { money })).toBeUndefined();
    expect(whyInexact(USER_TYPE, '($1.00)', { money })).toBeUndefined();
  });

  it.each(['de_DE.UTF-8', 'en_GB.UTF-8', 'de_DE@euro', ''])(
    'B1: is refused as rollback data in the locale “%s”',
    (money) => {
      expect(whyInexact(MONEY, '1.234,56 €', { money })).toMatchObject({
        hint: 'Select it as a number: amount::numeric.',
      });
    },
  );

  it('B1: is refused inside another value where it may be inside', () => {
    expect(whyInexact(USER_TYPE, '(7,"1,00 €")')).toBeDefined();
    expect(whyInexact(RECORD, '("1,00 €")', { money_within: false })).toBeDefined();
  });

  it('B1: is not suspected where the database has none, nor in values without digits', () => {
    expect(whyInexact(USER_TYPE, '(7,a)', { money_within: false })).toBeUndefined();
    expect(whyInexact(USER_TYPE, '{sad,NULL}')).toBeUndefined();
  });
});

function whyInexact(oid: number, text: string, changed: Partial<AskedSettings> = {}) {
  const settings = new OutputSettings('heard');
  expect(settings.needsToAsk(oid, text)).toBe(true);
  settings.answer({ ...ASKED, ...changed });
  return settings.whyInexact(oid, text);
}
