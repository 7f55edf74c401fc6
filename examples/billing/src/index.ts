import type { Queryable } from '@flashfusion-examples/users';

export type SubscriptionStatus = 'trialing' | 'active' | 'past_due' | 'cancelled' | 'paused';

/** Money as whole cents, so that nothing is ever rounded by accident. */
export interface Revenue {
  readonly month: string;
  readonly currency: string;
  readonly totalCents: string;
}

/** Paid revenue by month and currency, newest month first. */
export async function monthlyRevenue(db: Queryable): Promise<Revenue[]> {
  const { rows } = await db.query<Revenue>(
    `SELECT to_char(month, 'YYYY-MM') AS month, currency, total_cents AS "totalCents"
     FROM monthly_revenue ORDER BY month DESC, currency`,
  );
  return rows;
}

/** Pauses a running subscription. `false` when there is none to pause. */
export async function pauseSubscription(db: Queryable, userId: string): Promise<boolean> {
  const { rows } = await db.query(
    `UPDATE subscriptions SET status = 'paused' WHERE user_id = $1 AND status = 'active' RETURNING id`,
    [userId],
  );
  return rows.length > 0;
}
