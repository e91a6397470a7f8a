/* What the tests of this room have for browsers. Imported by tests alone. */
import type { Authority } from '#authority'
import type { LiveSession, Session, SessionId } from '#domain'
import type { BrowserDeps } from './browser/deps.ts'

interface World {
  /** Whether the identity provider has ceased to vouch for everybody. */
  readonly lapsed: boolean
  authority(): Authority
}

/**
 * Cookies lead to sessions as tokens do. Nobody signs in, and no provider hears of anything:
 * packages/server/test/gateway has those.
 */
export function fakeBrowser(
  world: World,
  sessionBehind: (cookie: string) => Session | undefined,
): BrowserDeps {
  const live = async (cookie: string) => {
    const session = sessionBehind(cookie)
    return session?.kind === 'live' ? session : undefined
  }
  const gateway: Partial<BrowserDeps['gateway']> = {
    byCookie: live,
    byPageCookie: live,
    endBehind: async (cookie) => {
      const session = sessionBehind(cookie)
      return session?.kind === 'ended' ? session.end : undefined
    },
    isVouchedFor: async () => !world.lapsed,
    effectiveRoles: (session: LiveSession) => world.authority().effectiveRoles(session),
    signOut: async ({ sids }) => {
      const answers = await Promise.all(sids.map((sid) => endOwn(world.authority(), sid)))
      return { ended: answers.filter(Boolean).length, atProvider: null }
    },
  }
  const cookie: BrowserDeps['cookie'] = {
    ...{ name: '__Host-curfew', secure: true, domain: null, sameSite: 'lax' },
  }
  return { cookie, gateway } as BrowserDeps
}

async function endOwn(authority: Authority, sid: SessionId): Promise<boolean> {
  const session = await authority.show(sid)
  if (session === undefined) return false
  const answer = await authority.logoutOne(sid, session.origin.uid)
  return answer.kind === 'done' && !answer.already
}
