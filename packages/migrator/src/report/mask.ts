/** `scheme://user:password@`: the password may itself hold an `@`, so the last one before the host ends it. */
const PASSWORD_IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@?#]*):[^\s/?#]*@/gi;
const PASSWORD_SETTING = /\b(password|pwd)=("[^"]*"|'[^']*'|[^\s&;,]+)/gi;

/**
 * Takes passwords out of urls and connection strings. The last line of defence: known secrets are taken out where errors
 * are made; this one knows none, and goes by what a password looks like.
 */
export function maskSecrets(text: string): string {
  return text.replace(PASSWORD_IN_URL, '$1:***@').replace(PASSWORD_SETTING, '$1=***');
}
