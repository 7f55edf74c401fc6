import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { invalid, type ParseUrlOptions } from './invalid-url';
import { rememberSecret } from '../text/redact';
import type { UrlParameter } from './url-parameters';

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

const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

/** How the connection is secured. */
export interface TlsPlan {
  readonly encryption: 'never' | 'if-offered' | 'always';
  /** What of the server's certificate is checked. */
  readonly verify: 'nothing' | 'authority' | 'authority-and-host';
  readonly files: TlsFiles;
  /** `direct`: TLS from the first byte on, without asking the server (Postgres 17 and newer). */
  readonly negotiation: 'postgres' | 'direct';
  /** `undefined`: as Node has it. */
  readonly versions: {
    readonly least: SecureVersion | undefined;
    readonly most: SecureVersion | undefined;
  };
}

/** Paths of PEM files; `rootCertificate` may be `system`. */
export interface TlsFiles {
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Of certificates that are no longer valid. */
  readonly revoked: string | undefined;
  /** The key's passphrase itself: never print it. */
  readonly passphrase: string | undefined;
}

/** What is decided from mode and host. */
type TlsDecision = Pick<TlsPlan, 'encryption' | 'verify'>;

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
}: TlsRequest): TlsDecision | string {
  if (isSocket(host)) return { encryption: 'never', verify: 'nothing' };
  if (isProtected && !isThisHost(host)) {
    if (mode === 'disable' || mode === 'prefer' || mode === 'no-verify') {
      return `says sslmode=${mode}, but a protected environment on another host has to verify the server`;
    }
    const verify = mode === 'verify-ca' ? 'authority' : 'authority-and-host';
    return { encryption: 'always', verify };
  }
  return freePlan(mode ?? (isThisHost(host) ? 'disable' : 'prefer'), files);
}

function freePlan(mode: SslMode, files: TlsFiles): TlsDecision {
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

/**
 * Reads what a url says about TLS for one of its hosts.
 *
 * @throws {MigratorError} `INVALID_CONNECTION`
 */
export function readTls(
  find: (name: UrlParameter) => string | undefined,
  host: string,
  { source, protected: isProtected }: ParseUrlOptions,
): TlsPlan {
  const pick = <T extends string>(name: UrlParameter, known: readonly T[]): T | undefined => {
    const value = find(name);
    const found = known.find((each) => each === value);
    if (value === undefined || found !== undefined) return found;
    const article = name === 'sslmode' ? 'an' : 'a';
    throw invalid(
      source,
      `has ${article} ${name} that is not known`,
      `Known are: ${known.join(', ')}.`,
    );
  };
  const passphrase = find('sslpassword');
  if (passphrase !== undefined) rememberSecret(passphrase);
  const files: TlsFiles = {
    rootCertificate: find('sslrootcert'),
    certificate: find('sslcert'),
    key: find('sslkey'),
    revoked: find('sslcrl'),
    passphrase,
  };
  const mode = pick('sslmode', SSL_MODES);
  const decision = planTls({ mode, host, protected: isProtected, files });
  if (typeof decision === 'string') {
    throw invalid(
      source,
      decision,
      'Say sslmode=verify-full, with sslrootcert=<file> where the authority is your own.',
    );
  }
  const negotiation = pick('sslnegotiation', ['postgres', 'direct']) ?? 'postgres';
  if (negotiation === 'direct' && decision.encryption !== 'always' && !isSocket(host)) {
    throw invalid(
      source,
      'says sslnegotiation=direct, but TLS is not required',
      'Add sslmode=verify-full or sslmode=require.',
    );
  }
  const versions = {
    least: pick('ssl_min_protocol_version', TLS_VERSIONS),
    most: pick('ssl_max_protocol_version', TLS_VERSIONS),
  };
  return { ...decision, files, negotiation, versions };
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
  const { rootCertificate, certificate, key, revoked, passphrase } = plan.files;
  const { least, most } = plan.versions;
  return {
    rejectUnauthorized: plan.verify !== 'nothing',
    ...(plan.verify === 'authority' && { checkServerIdentity: () => undefined }),
    ...(rootCertificate !== undefined &&
      rootCertificate !== 'system' && { ca: readFile(rootCertificate) }),
    ...(certificate !== undefined && { cert: readFile(certificate) }),
    ...(key !== undefined && { key: readFile(key) }),
    ...(revoked !== undefined && { crl: readFile(revoked) }),
    ...(passphrase !== undefined && { passphrase }),
    ...(least !== undefined && { minVersion: least }),
    ...(most !== undefined && { maxVersion: most }),
  };
}
