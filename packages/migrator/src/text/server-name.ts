/** Where a server listens. */
interface ServerPlace {
  /** A name, an address, the folder of a socket, or several of them with their ports. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** Two colons and nothing but digits between them: neither a name with a port nor the folder of a socket. */
const IPV6 = /^[\da-f]*:[\da-f]*:[\da-f:.]*(?:%[^/,]+)?$/i;

/** `db.example.org:5432`, `[::1]:5432`: an IPv6 address is put in brackets, as in a url. */
export function serverName({ host = '', port }: ServerPlace): string {
  const name = IPV6.test(host) ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}
