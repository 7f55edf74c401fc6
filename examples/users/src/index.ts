/** The part of a `pg` client or pool that these libraries need. */
export interface Queryable {
  query<Row>(sql: string, params?: readonly unknown[]): Promise<{ rows: Row[] }>;
}

export interface User {
  readonly id: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
}

const COLUMNS = 'id, email, first_name AS "firstName", last_name AS "lastName"';

/** Finds people by a part of their name, best match first. Deleted accounts are left out. */
export async function searchUsers(db: Queryable, text: string): Promise<User[]> {
  const { rows } = await db.query<User>(
    `SELECT ${COLUMNS} FROM active_users
     WHERE (first_name || ' ' || last_name) ILIKE '%' || $1 || '%'
     ORDER BY similarity(first_name || ' ' || last_name, $1) DESC, id`,
    [text],
  );
  return rows;
}

/** Marks an account as deleted; its email address is free again. */
export async function deleteUser(db: Queryable, id: string): Promise<void> {
  await db.query('UPDATE users SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL', [id]);
}
