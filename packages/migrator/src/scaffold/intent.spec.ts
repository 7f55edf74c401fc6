import type { Change } from './change';
import { readIntent } from './intent';
import { readKnownTables } from './known-tables';

const known = (...tables: string[]) => readKnownTables(tables.map((sql) => `CREATE TABLE ${sql}`));

test.each<[string, Change]>([
  ['create_user_profiles', { kind: 'create-table', table: 'user_profiles' }],
  ['create_table_user_profiles', { kind: 'create-table', table: 'user_profiles' }],
  ['create_user_profiles_table', { kind: 'create-table', table: 'user_profiles' }],
  ['create_order', { kind: 'create-table', table: 'order' }],
  ['create_page_views', { kind: 'create-table', table: 'page_views' }],
  ['drop_users', { kind: 'drop-table', table: 'users' }],
  ['drop_table_order_items', { kind: 'drop-table', table: 'order_items' }],
  ['rename_users_to_accounts', { kind: 'rename-table', from: 'users', to: 'accounts' }],
  ['rename_table_users_to_accounts', { kind: 'rename-table', from: 'users', to: 'accounts' }],
  [
    'rename_email_to_mail_in_users',
    { kind: 'rename-column', table: 'users', from: 'email', to: 'mail' },
  ],
  [
    'rename_column_full_name_to_name_on_users_table',
    { kind: 'rename-column', table: 'users', from: 'full_name', to: 'name' },
  ],
])('%s is %j', (name, change) => {
  expect(readIntent(name)).toEqual(change);
});

test.each([
  ['add_nickname_to_users', 'add-columns', 'users', ['nickname']],
  ['add_column_nickname_to_users', 'add-columns', 'users', ['nickname']],
  ['add_nickname_and_is_admin_to_users', 'add-columns', 'users', ['nickname', 'is_admin']],
  ['add_link_to_page_to_users', 'add-columns', 'users', ['link_to_page']],
  ['add_comments_to_posts_table', 'add-columns', 'posts', ['comments']],
  ['remove_nickname_from_users', 'remove-columns', 'users', ['nickname']],
  ['remove_column_a_and_b_from_users_table', 'remove-columns', 'users', ['a', 'b']],
  ['drop_nickname_from_users', 'remove-columns', 'users', ['nickname']],
  ['create_index_on_users_email', 'create-index', 'users', ['email']],
  ['create_index_on_users_created_at', 'create-index', 'users', ['created_at']],
  ['create_index_on_users_team_id', 'create-index', 'users', ['team_id']],
  ['create_index_on_orders_created_by_id', 'create-index', 'orders', ['created_by_id']],
  ['create_index_on_users_by_email', 'create-index', 'users', ['email']],
  ['create_index_on_users_by_email_and_name', 'create-index', 'users', ['email', 'name']],
  ['add_index_on_users_for_email', 'create-index', 'users', ['email']],
  ['add_index_to_users_on_unique_id', 'create-index', 'users', ['unique_id']],
  ['add_index_on_email_to_users', 'create-index', 'users', ['email']],
  ['add_email_index_to_users', 'create-index', 'users', ['email']],
  ['create_email_index_on_users', 'create-index', 'users', ['email']],
  ['index_users_on_email', 'create-index', 'users', ['email']],
  ['add_index_users_on_email', 'create-index', 'users', ['email']],
  ['add_unique_index_to_users_email', 'create-unique-index', 'users', ['email']],
  ['create_unique_index_on_users_by_email', 'create-unique-index', 'users', ['email']],
  ['add_unique_email_index_to_users', 'create-unique-index', 'users', ['email']],
  ['add_email_unique_index_to_users', 'create-unique-index', 'users', ['email']],
  ['add_unique_index_on_email_to_users', 'create-unique-index', 'users', ['email']],
])('F3: %s is %s on %s of %j', (name, kind, table, columns) => {
  expect(readIntent(name)).toEqual({ kind, table, columns });
});

test('F3: a join table is named by all that stands before _join_table', () => {
  const sides = [
    { column: 'order_id', references: undefined },
    { column: 'item_id', references: undefined },
  ];
  const change = { kind: 'create-join-table', table: 'order_items', sides };
  expect(readIntent('create_order_items_join_table')).toEqual(change);
  expect(readIntent('create_join_table_order_items')).toEqual(change);
  expect(readIntent('create_order_and_items_join_table')).toEqual(change);
});

test('F3: a join table refers to the tables that the project creates', () => {
  const tables = known('users (id int)', 'user_groups (id int)');
  expect(readIntent('create_users_user_groups_join_table', tables)).toMatchObject({
    table: 'users_user_groups',
    sides: [
      { column: 'user_id', references: 'users' },
      { column: 'user_group_id', references: 'user_groups' },
    ],
  });
});

describe('F3: a name with several readings', () => {
  const name = 'create_index_on_order_items_sku';
  const index = (table: string, column: string) => ({
    kind: 'create-index',
    table,
    columns: [column],
  });

  test('is read by the tables of the project', () => {
    expect(readIntent(name, known('order_items (id int)'))).toEqual(index('order_items', 'sku'));
    expect(readIntent(name, known('"order" (id int)'))).toEqual(index('order', 'items_sku'));
  });

  test('is read by the columns where both tables exist', () => {
    const tables = known('"order" (id int, items_sku text)', 'order_items (id int)');
    expect(readIntent(name, tables)).toEqual(index('order', 'items_sku'));
  });

  test('is a placeholder with all choices otherwise', () => {
    const choices = expect.stringContaining('items_sku of order, or sku of order_items') as string;
    for (const tables of [undefined, known('order_items (id int)', '"order" (id int)')]) {
      expect(readIntent(name, tables)).toEqual({
        kind: 'unclear',
        reason: choices,
        likely: index('order_items', 'sku'),
      });
    }
  });

  test('is not an index of a table that the name names whole', () => {
    const likely = index('user_profiles', '…');
    expect(readIntent('create_index_on_user_profiles')).toMatchObject({ kind: 'unclear', likely });
    expect(
      readIntent('create_index_on_users_roles', known('users_roles (id int)', 'users (id int)')),
    ).toMatchObject({ kind: 'unclear' });
  });
});

test.each([
  ['add_foreign_key_from_orders_to_users', 'orders', 'user_id', 'users'],
  ['add_foreign_key_to_orders_user_id', 'orders', 'user_id', 'users'],
  ['add_user_id_foreign_key_to_orders', 'orders', 'user_id', 'users'],
  ['add_user_fk_to_orders', 'orders', 'user_id', 'users'],
  ['add_foreign_key_on_order_items_category_id', 'order_items', 'category_id', 'categories'],
])('F3: %s is a foreign key of %s.%s on %s', (name, table, column, references) => {
  const tables = known('users (id int)', 'order_items (id int)', 'categories (id int)');
  expect(readIntent(name, tables)).toEqual({ kind: 'add-foreign-key', table, column, references });
});

test.each([
  ['add_unique_index_to_users', { kind: 'create-unique-index', table: 'users', columns: ['…'] }],
  ['add_index_to_users', { kind: 'create-index', table: 'users', columns: ['…'] }],
  ['add_foreign_key_to_orders', { kind: 'add-foreign-key', table: 'orders', column: '…' }],
  ['add_user_id_foreign_key_to_orders', { kind: 'add-foreign-key', column: 'user_id' }],
  ['create_view_active_users', { kind: 'create-view', view: 'active_users' }],
  ['create_active_users_view', { kind: 'create-view', view: 'active_users' }],
  ['backfill_full_name_in_users', { kind: 'backfill', table: 'users', column: 'full_name' }],
  ['backfill_full_names', { kind: 'backfill', table: '…' }],
  ['rename_a_to_b_to_c', { kind: 'rename-table' }],
  ['create_users_user_groups_join_table', { kind: 'create-join-table' }],
])('F3: %s is a placeholder for %j', (name, likely) => {
  expect(readIntent(name)).toMatchObject({ kind: 'unclear', likely });
});

test('F3: a rename of what could be a column is a placeholder', () => {
  const tables = known('users (id int, email text)');
  expect(readIntent('rename_email_to_mail', tables)).toMatchObject({ kind: 'unclear' });
  expect(readIntent('rename_users_email_to_mail', tables)).toMatchObject({ kind: 'unclear' });
  expect(readIntent('rename_users_to_accounts', tables)).toMatchObject({ kind: 'rename-table' });
});

test.each([
  'add_teams',
  'create',
  'create_extension_pg_trgm',
  'create_order_status_enum',
  'create_index_users',
  'create_indexes',
  'create_users_and_teams',
  'create_admin_user_for_acme',
  'create_or_replace_function_touch',
  'create_materialized_view_totals',
  'create_gin_index_on_posts',
  'add_partial_index_to_users_email',
  'add_unique_constraint_to_users',
  'add_email_check_to_users',
  'add_columns_to_users',
  'add_user_reference_to_orders',
  'add_archived_to_status_enum',
  'drop_index_users_email_idx',
  'drop_users_and_teams',
  'drop_not_null_from_users_email',
  'remove_index_from_users',
  'rename_index_a_to_b',
  'rename_column_a_to_b',
  'update_users',
])('%s leaves the change to the author', (name) => {
  expect(readIntent(name)).toEqual({ kind: 'other' });
});

test('the tables of migrations are read from SQL in any spelling', () => {
  const tables = readKnownTables([
    'await db.query(`CREATE TABLE IF NOT EXISTS app."Users" (id int, price numeric(10, 2), PRIMARY KEY (id))`)',
    'create unlogged table sessions (token text)',
    'ALTER TABLE ONLY users ADD COLUMN IF NOT EXISTS email text, ADD COLUMN age int',
  ]);
  expect([...tables].map(([table, columns]) => [table, [...columns]])).toEqual([
    ['users', ['id', 'price', 'email', 'age']],
    ['sessions', ['token']],
  ]);
});
