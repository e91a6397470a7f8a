/* What goes wrong with a Redis server, in words for people, with what to do about it. */
import { isErrorReply, isTimeout, type RedisAddress } from './redis-client.ts'

/** By the first word of an error of Redis. */
const replyWords: Readonly<Record<string, string>> = {
  WRONGPASS: 'the user name or the password is wrong',
  NOAUTH: 'it wants a password, and none is configured',
  NOPERM: 'the user lacks a right that Curfew needs (docs/guides/operations.md lists them)',
  LOADING: 'it is still loading its data; try again later',
  READONLY: 'it is a replica; name the master, or use sentinel',
  CLUSTERDOWN: 'the cluster is down: not every slot has a master',
  MOVED: 'it is a node of a cluster; write {cluster: [urls]}',
  MASTERDOWN: 'it is a replica whose master is away',
  OOM: 'it is full and evicts nothing (maxmemory-policy)',
}

const noTls = 'it does not speak TLS; write redis:// in place of rediss://'
const unknownSigner = 'its certificate is signed by nobody that is trusted here; set redis.ca'

/** By the code of an error of the connection. */
const socketWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there (connection refused)',
  ENOTFOUND: 'its name is unknown',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to its host',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownSigner,
  SELF_SIGNED_CERT_IN_CHAIN: unknownSigner,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownSigner,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownSigner,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate names another host',
}

/** Never holds the URL or the password. */
export function redisFault(error: unknown, { tls }: Pick<RedisAddress, 'tls'>): string {
  const { message, code } = firstCause(error)
  if (isErrorReply(error)) return replyFault(message)
  const known = socketWords[code ?? '']
  if (known !== undefined) return known
  // A server without TLS takes our first bytes for half a command, and waits for the rest.
  if (tls && isTimeout(error)) return `${message}; if it does not speak TLS, write redis://`
  if (code !== 'ECONNRESET' && !message.includes('closed unexpectedly')) return message
  return tls
    ? 'it closed the connection; if it does not speak TLS, write redis://'
    : 'it closed the connection; if it wants TLS, write rediss://'
}

function replyFault(message: string): string {
  if (/unknown command.*sentinel/i.test(message)) return 'it is no sentinel, but a Redis server'
  if (message.includes('cluster support disabled')) return 'it is no node of a cluster; write {url}'
  const known = replyWords[message.split(' ')[0] ?? '']
  return known === undefined ? `it answered: ${message}` : `${known}: ${message}`
}

/** Several addresses of one name fail together; the first of them says why. */
function firstCause(error: unknown): { readonly message: string; readonly code?: string } {
  if (error instanceof AggregateError) return firstCause(error.errors[0])
  if (!(error instanceof Error)) return { message: String(error) }
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? { message: error.message, code } : { message: error.message }
}
