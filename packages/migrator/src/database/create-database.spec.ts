import { createDatabase } from './create-database';

it('a url that says ?env is completed from the environment variables that were given', async () => {
  const env = { PGHOST: 'db.example', PGDATABASE: 'shop', PGUSER: 'app' };
  const connection = { kind: 'url', url: 'postgres://?env', source: 'test' } as const;
  const options = { workspaceRoot: '/', protected: false, env };
  const { target } = await createDatabase(connection, options);
  expect(target).toMatchObject({ host: 'db.example', database: 'shop', user: 'app' });
});
