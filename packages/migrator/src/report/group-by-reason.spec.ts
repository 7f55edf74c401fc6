import { groupByReason } from './group-by-reason';

describe('reasons that differ only in the name of their own tenant', () => {
  it.each(['acme-eu', 'a.b', 'a*b', 'a/b', 'x[1]', '$&', '(x)', 'a|b', 'a\\b', 'ümlaut', '{2}'])(
    'are one reason, also for a name such as %s',
    (name) => {
      const things = [name, 'plain'].map((each) => ({
        name: each,
        reason: `Tenant ${each} is locked.`,
      }));
      expect(groupByReason(things, (thing) => thing)).toMatchObject([{ names: [name, 'plain'] }]);
    },
  );

  it('stay apart where a name is only a part of a word', () => {
    const things = [
      { name: 'a', reason: 'tenant a failed' },
      { name: 'b', reason: 'tenbnt b fbiled' },
    ];
    expect(groupByReason(things, (thing) => thing)).toHaveLength(2);
  });
});
