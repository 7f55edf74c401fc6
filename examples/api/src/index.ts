import { createHash } from 'node:crypto';
import { pauseSubscription } from '@flashfusion-examples/billing';
import { deleteUser, type Queryable } from '@flashfusion-examples/users';

/** The owner of an API key, or nobody. Only the key's hash is stored. */
export async function ownerOfKey(db: Queryable, key: string): Promise<string | undefined> {
  const hash = createHash('sha256').update(key).digest('hex');
  const { rows } = await db.query<{ user_id: string }>(
    'SELECT user_id FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL',
    [hash],
  );
  return rows[0]?.user_id;
}

/** Closes an account: its subscription is paused first, so that nobody is charged any more. */
export async function closeAccount(db: Queryable, userId: string): Promise<void> {
  await pauseSubscription(db, userId);
  await deleteUser(db, userId);
}
