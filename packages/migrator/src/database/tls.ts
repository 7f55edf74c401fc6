import type { ConnectionOptions } from 'node:tls';

/**
 * What a url may say about TLS, with libpq's meaning; `no-verify` is `pg`'s word for `require`.
 * https://www.postgresql.org/docs/current/libpq-ssl.html
 */
export const SSL_MODES = [
  'disable',
  'prefer',
  'require',
  'no-verify',
  'verify-ca',
  'verify-full',
] as const;

export type SslMode = (typeof SSL_MODES)[number];

/** How the connection is secured. */
export interface TlsPlan {
  readonly encryption: 'never' | 'if-offered' | 'always';
  /** What of the server's certificate is checked. */
  readonly verify: 'nothing' | 'authority' | 'authority-and-host';
  readonly files: TlsFiles;
}

/** Paths of PEM files; `rootCertificate` may be `system`. */
export interface TlsFiles {
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

export interface TlsRequest {
  /** As the url says it; `undefined` where it says nothing. */
  readonly mode: SslMode | undefined;
  readonly host: string;
  readonly protected: boolean;
  readonly files: TlsFiles;
}

/**
 * Decides on TLS. Without a word in the url: none on this host, encrypted if the server can elsewhere. In a protected
 * environment a server elsewhere always has to prove who it is: nothing and `require` become `verify-full`, and weaker
 * modes are refused.
 *
 * @returns the plan, or in a sentence's tail why the mode is refused
 */
export function planTls({
  mode,
  host,
  protected: isProtected,
  files,
}: TlsRequest): TlsPlan | string {
  if (isSocket(host)) return { encryption: 'never', verify: 'nothing', files };
  if (isProtected && !isThisHost(host)) {
    if (mode === 'disable' || mode === 'prefer' || mode === 'no-verify') {
      return `says sslmode=${mode}, but a protected environment on another host has to verify the server`;
    }
    const verify = mode === 'verify-ca' ? 'authority' : 'authority-and-host';
    return { encryption: 'always', verify, files };
  }
  return { ...freePlan(mode ?? (isThisHost(host) ? 'disable' : 'prefer'), files), files };
}

function freePlan(mode: SslMode, files: TlsFiles): Omit<TlsPlan, 'files'> {
  switch (mode) {
    case 'disable':
      return { encryption: 'never', verify: 'nothing' };
    case 'prefer':
      return { encryption: 'if-offered', verify: 'nothing' };
    case 'require':
      // As in libpq: a root certificate that is named is used.
      return {
        encryption: 'always',
        verify: files.rootCertificate === undefined ? 'nothing' : 'authority',
      };
    case 'no-verify':
      return { encryption: 'always', verify: 'nothing' };
    case 'verify-ca':
      return { encryption: 'always', verify: 'authority' };
    case 'verify-full':
      return { encryption: 'always', verify: 'authority-and-host' };
  }
}

/** A folder with a Unix socket in place of a host name. */
export function isSocket(host: string): boolean {
  return host.startsWith('/') || host.startsWith('@');
}

/** Whether nothing of the connection leaves this machine. */
export function isThisHost(host: string): boolean {
  return isSocket(host) || /^(?:localhost|127(?:\.\d{1,3}){3}|::1)\.?$/i.test(host);
}

/**
 * The plan as `pg` takes it.
 *
 * @param readFile reads a certificate; the system's authorities are used where none is named
 */
export function toPgSsl(
  plan: TlsPlan,
  readFile: (path: string) => string,
): false | ConnectionOptions {
  if (plan.encryption === 'never') return false;
  const { rootCertificate, certificate, key } = plan.files;
  return {
    rejectUnauthorized: plan.verify !== 'nothing',
    ...(plan.verify === 'authority' && { checkServerIdentity: () => undefined }),
    ...(rootCertificate !== undefined &&
      rootCertificate !== 'system' && { ca: readFile(rootCertificate) }),
    ...(certificate !== undefined && { cert: readFile(certificate) }),
    ...(key !== undefined && { key: readFile(key) }),
  };
}
