/*
 * What the gateway answers itself on the applications' hosts (API.md, sections 4 and 7): the hand-off of
 * a session, and the way to the sign-out.
 */
import { type LiveSession, type SessionId, toSeconds } from '#domain'
import { type Answer, answerFor, signInAnswer } from './answers.ts'
import { canonicalHost, formatHost } from './canonical.ts'
import { readCookies, setCookie } from './cookies.ts'
import type { HandOff } from './hand-off.ts'
import type { OwnOrder } from './hot-path.ts'
import type { CookieSettings, PublicPlace } from './settings.ts'

export interface OwnPorts {
  now(): number
  /** The gateway's cookie of a live session, by its row. */
  cookieOf(
    sid: SessionId,
  ): Promise<{ readonly session: LiveSession; readonly value: string } | undefined>
  /** Which live session a cookie leads to, by its row. */
  sidOf(cookie: string): Promise<SessionId | undefined>
  /** A proof for `/signout` that this browser holds the session on another host. */
  signOutTicket(sid: SessionId): string
}

export interface OwnOptions {
  readonly place: PublicPlace
  readonly cookie: CookieSettings
  readonly handOff: Pick<HandOff, 'redeem'>
  readonly reaches: (host: OwnOrder['request']['host']) => boolean
  readonly ports: OwnPorts
}

/** @throws StoreUnavailable, KeyMissing */
export async function answerOwn(options: OwnOptions, order: OwnOrder): Promise<Answer> {
  switch (order.step.kind) {
    case 'session':
      return session(options, order, order.step.ticket)
    case 'signout':
      return signOut(options, order)
    case 'unknown':
      return refused(options, order, 'unknown_own_path')
    default:
      return order.step satisfies never
  }
}

async function session(options: OwnOptions, order: OwnOrder, ticket: string): Promise<Answer> {
  const { request, nginx } = order
  const redeemed = await options.handOff.redeem(ticket, request)
  if (redeemed.kind === 'refused') return refused(options, order, 'bad_ticket')
  const { sid, target } = redeemed
  // A page of the host and nothing else, whatever was sealed.
  if (!isOn(target, order)) return refused(options, order, 'bad_ticket')
  if (redeemed.kind === 'used') {
    // Reloaded, or opened from the history: whoever has the session by now goes on.
    const held = await heldHere(options, order)
    return held.includes(sid) ? signInAnswer(target, nginx) : refused(options, order, 'bad_ticket')
  }
  const found = await options.ports.cookieOf(sid)
  // It ended within these seconds: the application's page leads to a new sign-in.
  if (found === undefined) return signInAnswer(target, nginx)
  return signInAnswer(target, nginx, cookieFor(options, found))
}

function cookieFor(
  { cookie, place, ports }: OwnOptions,
  { session: { origin }, value }: { readonly session: LiveSession; readonly value: string },
): string {
  const seconds = toSeconds(origin.absoluteExpiresAt) - Math.floor(ports.now() / 1000)
  return setCookie({ ...cookie, secure: place.secure, hostOnly: true }, value, seconds)
}

async function signOut(options: OwnOptions, order: OwnOrder): Promise<Answer> {
  const { request, nginx } = order
  const url = new URL(`${options.place.publicUrl}/signout`)
  url.searchParams.set('app', `${request.origin}/`)
  for (const back of new URLSearchParams(request.query).getAll('return_to')) {
    // A path is one of this host; where it may lead is for /signout to judge (rule 27).
    url.searchParams.append('return_to', /^\/(?!\/)/.test(back) ? request.origin + back : back)
  }
  if (!options.reaches(request.host)) {
    const [sid] = await heldHere(options, order)
    if (sid !== undefined) url.searchParams.set('ticket', options.ports.signOutTicket(sid))
  }
  return signInAnswer(url.href, nginx)
}

/** The live sessions of this browser, whatever else stands under the cookie's name. */
async function heldHere(
  { cookie, ports }: OwnOptions,
  { request }: OwnOrder,
): Promise<readonly SessionId[]> {
  const { own } = readCookies(request.cookie, cookie.name)
  const sids = await Promise.all(own.map((one) => ports.sidOf(one)))
  return sids.filter((sid) => sid !== undefined)
}

function isOn(target: string, { request }: OwnOrder): boolean {
  const url = URL.parse(target)
  const host = url === null ? undefined : canonicalHost(url.host)
  return host !== undefined && formatHost(host) === formatHost(withoutDefaultPort(request))
}

/** The URL Standard leaves the scheme's own port out. */
function withoutDefaultPort({ host, origin }: OwnOrder['request']): OwnOrder['request']['host'] {
  return canonicalHost(new URL(origin).host) ?? host
}

function refused(
  { place }: OwnOptions,
  { request, nginx, page }: OwnOrder,
  why: 'bad_ticket' | 'unknown_own_path',
): Answer {
  const hint = `${why} at ${formatHost(request.host)}`
  const verdict = { kind: 'forbidden', why, condition: null, hint } as const
  return answerFor(verdict, { nginx, publicUrl: place.publicUrl, ...(page ? { page } : {}) })
}
