/** Milliseconds as people say them: `12 ms`, `1.3 s`, `2 min 5 s`, `1 h 4 min`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return '?';
  const whole = Math.round(milliseconds);
  if (whole === 0 && milliseconds > 0) return '< 1 ms';
  if (whole < 1000) return `${whole} ms`;
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return inTwoUnits(seconds, 60, 'min', 's');
  return inTwoUnits(Math.round(seconds / 60), 60, 'h', 'min');
}

function inTwoUnits(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** An ISO 8601 moment as `2025-09-17 10:22:00 UTC`; text that is none comes back as it is. */
export function formatMoment(iso: string): string {
  const milliseconds = Date.parse(iso);
  if (Number.isNaN(milliseconds)) return iso;
  const [day = '', time = ''] = new Date(milliseconds).toISOString().split('T');
  return `${day} ${time.slice(0, 8)} UTC`;
}
