import { serverName } from './server-name';

describe('The name of a server', () => {
  it.each([
    ['db.example.org', 5432, 'db.example.org:5432'],
    ['10.0.0.1', 5432, '10.0.0.1:5432'],
    ['::1', 5432, '[::1]:5432'],
    ['::1', undefined, '[::1]'],
    ['2001:db8::7', 6432, '[2001:db8::7]:6432'],
    ['::ffff:10.0.0.1', 5432, '[::ffff:10.0.0.1]:5432'],
    ['fe80::1%eth0', 5432, '[fe80::1%eth0]:5432'],
    ['/run/pg', 5432, '/run/pg:5432'],
    ['/cloudsql/shop:europe-west1:main', 5432, '/cloudsql/shop:europe-west1:main:5432'],
    ['10.0.0.1:5432,10.0.0.2:5433', undefined, '10.0.0.1:5432,10.0.0.2:5433'],
    ['[::1]:5432,db:5433', undefined, '[::1]:5432,db:5433'],
  ])('%s and port %s is %s', (host, port, name) => {
    expect(serverName({ host, port })).toBe(name);
  });
});
