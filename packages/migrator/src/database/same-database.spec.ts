import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import type { Connection } from '../config/settings';
import { sameDatabase } from './same-database';

describe('two connections', () => {
  let workspaceRoot: string;
  beforeAll(async () => {
    workspaceRoot = await mkdtemp(join(tmpdir(), 'flashfusion-same-'));
    await mkdir(join(workspaceRoot, 'data'));
    await symlink(join(workspaceRoot, 'data'), join(workspaceRoot, 'link'));
  });
  afterAll(() => rm(workspaceRoot, { recursive: true }));

  const env = { PGUSER: 'app' };
  const byUrl = (url: string): Connection => ({ kind: 'url', url, source: 'test' });
  const same = (one: Connection, other: Connection) =>
    sameDatabase(one, other, { workspaceRoot, protected: false, env });

  it.each([
    ['postgres://app:one@db:5432/shop', 'postgresql://app:two@db/shop?connect_timeout=3'],
    ['postgres://app@db:5432/shop', 'postgres://db:5432/shop?env'],
    ['pglite:data', 'pglite:./data'],
    ['pglite:data', 'pglite:x/../data/'],
    ['pglite:data', 'pglite:link'],
    ['pglite:not-there', 'pglite:./not-there'],
    ['pglite:memory:', 'pglite:memory:'],
  ])('%s and %s lead to the same database', async (one, other) => {
    expect(await same(byUrl(one), byUrl(other))).toBe(true);
  });

  it.each([
    ['postgres://app@db/shop', 'postgres://owner@db/shop'],
    ['postgres://app@db/shop', 'postgres://app@db:5433/shop'],
    ['postgres://app@db/shop', 'postgres://app@db/stock'],
    ['pglite:data', 'pglite:other'],
    ['pglite:memory:', 'pglite:memory'],
    ['pglite:memory:', 'pglite:memory:other'],
  ])('%s and %s need a session each', async (one, other) => {
    expect(await same(byUrl(one), byUrl(other))).toBe(false);
  });

  it('of an application are the same when they are one object', async () => {
    const connection = (): Connection => ({ kind: 'pool', pool: new Pool() });
    const one = connection();
    expect(await same(one, { ...one })).toBe(true);
    expect(await same(one, connection())).toBe(false);
  });
});
