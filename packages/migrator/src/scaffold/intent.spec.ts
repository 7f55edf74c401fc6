import { readIntent } from './intent';

test.each([
  ['create_user_profiles', 'user_profiles'],
  ['create_table_user_profiles', 'user_profiles'],
  ['create_user_profiles_table', 'user_profiles'],
  ['create_order', 'order'],
])('%s creates the table %s', (name, table) => {
  expect(readIntent(name)).toEqual({ kind: 'create-table', table });
});

test.each([
  ['add_nickname_to_users', 'users', ['nickname']],
  ['add_column_nickname_to_users', 'users', ['nickname']],
  ['add_nickname_and_is_admin_to_users', 'users', ['nickname', 'is_admin']],
  ['add_link_to_page_to_users', 'users', ['link_to_page']],
  ['add_comments_to_posts_table', 'posts', ['comments']],
])('%s adds to %s the columns %j', (name, table, columns) => {
  expect(readIntent(name)).toEqual({ kind: 'add-columns', table, columns });
});

test.each([
  ['add_index_to_users', 'users', undefined],
  ['create_index_on_user_profiles', 'user_profiles', undefined],
  ['create_index_on_users_by_email', 'users', 'email'],
  ['add_index_on_users_for_email', 'users', 'email'],
  ['add_email_index_to_users', 'users', 'email'],
  ['create_email_index_on_users', 'users', 'email'],
  ['index_users_on_email', 'users', 'email'],
  ['add_index_users_on_email', 'users', 'email'],
])('%s indexes %s by %s', (name, table, column) => {
  expect(readIntent(name)).toEqual({ kind: 'create-index', table, column });
});

test.each([
  'add_teams',
  'create',
  'create_active_users_view',
  'create_view_active_users',
  'create_extension_pg_trgm',
  'create_order_status_enum',
  'create_index_users',
  'create_or_replace_function_touch',
  'add_foreign_key_to_orders',
  'add_unique_constraint_to_users',
  'add_email_check_to_users',
  'backfill_full_names',
  'drop_users',
  'remove_nickname_from_users',
])('%s leaves the change to the author', (name) => {
  expect(readIntent(name)).toEqual({ kind: 'other' });
});
