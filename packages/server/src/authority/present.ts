import { clientOfUid, type EndedSession, type LiveSession, type SessionId } from '#domain'
import { readFresh, settled } from './apply.ts'
import { openToken } from './key-missing.ts'
import type { Rooms } from './rooms.ts'
import type { OpaquePurpose, OpenedToken } from './token-ports.ts'

/** Which kinds of token a request may carry. The refresh token never proves a session at the API. */
export type Acceptable = readonly ('access' | OpaquePurpose)[]

/** What is good at Curfew's own API: an access token for the issuer, or the session token (rule 15). */
export const apiTokens: Acceptable = ['access', 'session']

/** The account page's own cookie, where its caller has judged where the request comes from (rule 29). */
export const pageTokens: Acceptable = ['page']

export type TokenKind = 'access' | OpaquePurpose

export type Presented =
  | { readonly kind: 'live'; readonly session: LiveSession; readonly via: TokenKind }
  | { readonly kind: 'ended'; readonly session: EndedSession; readonly via: TokenKind }
  /** A good signature or MAC, and no row: pruned long ago, or lost. 401, but 200 at `/logout` (rule 30). */
  | { readonly kind: 'gone'; readonly sid: SessionId; readonly via: TokenKind }
  | { readonly kind: 'invalid'; readonly why: string }

/**
 * Which session a token belongs to, decided on a row just read.
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function present(
  rooms: Rooms,
  token: string,
  accepted: Acceptable = apiTokens,
): Promise<Presented> {
  const kind = kindOf(token)
  if (!accepted.includes(kind)) return { kind: 'invalid', why: 'wrong_type' }
  return kind === 'access' ? presentAccess(rooms, token) : presentOpaque(rooms, token, kind)
}

/** The prefix names the purpose; the MACs prove it. */
export function kindOf(token: string): TokenKind {
  if (token.startsWith('cfs_')) return 'session'
  if (token.startsWith('cfr_')) return 'refresh'
  if (token.startsWith('cfc_')) return 'cookie'
  if (token.startsWith('cfp_')) return 'page'
  return 'access'
}

async function presentAccess(rooms: Rooms, token: string): Promise<Presented> {
  const verdict = rooms.access.verify(token)
  if (verdict.kind === 'invalid') return { kind: 'invalid', why: verdict.why }
  const read = await readFresh(rooms, verdict.sid)
  if (read === undefined) return { kind: 'gone', sid: verdict.sid, via: 'access' }
  if (read.session.origin.uid !== verdict.claims.sub) return { kind: 'invalid', why: 'malformed' }
  // Again, by the clock that came with the row: this process's may be behind (rule 6).
  if (read.now >= verdict.claims.exp * 1000) return { kind: 'invalid', why: 'expired' }
  return judged(rooms, read, 'access')
}

async function presentOpaque(
  rooms: Rooms,
  text: string,
  purpose: OpaquePurpose,
): Promise<Presented> {
  const token = openToken(rooms, purpose, text)
  if (token === undefined) return { kind: 'invalid', why: 'bad_signature' }
  const read = await readFresh(rooms, token.sid)
  if (read === undefined) return { kind: 'gone', sid: token.sid, via: purpose }
  const { session } = read
  if (!rooms.opaque.verify(token, session.origin.salt)) {
    return { kind: 'invalid', why: 'bad_signature' }
  }
  return isOutdated(session, token)
    ? { kind: 'invalid', why: 'expired' }
    : judged(rooms, read, purpose)
}

/**
 * A session token or cookie of another generation than the row's was replaced (rule 12). A refresh
 * token of any generation leads to its session: a rotated one may end it at logout (rule 30).
 */
export function isOutdated(session: LiveSession | EndedSession, token: OpenedToken): boolean {
  if (token.purpose === 'refresh' || session.kind === 'ended') return false
  return token.generation !== session.sessionToken.generation
}

type Read = NonNullable<Awaited<ReturnType<typeof readFresh>>>

async function judged(rooms: Rooms, read: Read, via: TokenKind): Promise<Presented> {
  const session = await settled(rooms, read)
  if (session === undefined) return { kind: 'gone', sid: read.session.origin.sid, via }
  return session.kind === 'ended' ? { kind: 'ended', session, via } : live(rooms, session, via)
}

/** The session of a client that has left the configuration gives nothing any more. */
function live(rooms: Rooms, session: LiveSession, via: TokenKind): Presented {
  const client = clientOfUid(session.origin.uid)
  if (client !== undefined && rooms.policy.client(client) === undefined) {
    return { kind: 'invalid', why: 'unknown_client' }
  }
  return { kind: 'live', session, via }
}
