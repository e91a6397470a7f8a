/*
 * What a page says once, after the redirect that follows a form. A cookie of the page's own and not the
 * address carries it: a link of others makes the page say nothing.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clearCookie, setCookie } from '#gateway'
import type { Said } from '../pages/index.ts'
import { jarOf } from './cookies.ts'
import type { BrowserDeps } from './deps.ts'

const keptSeconds = 60

export function say(reply: FastifyReply, browser: BrowserDeps, said: Said): void {
  const value = said.kind === 'endedOthers' ? `${said.kind}.${said.count}` : said.kind
  reply.header('set-cookie', setCookie(orderOf(browser), value, keptSeconds))
}

/** Null: nothing. It is forgotten with the answer. */
export function takeSaid(
  request: FastifyRequest,
  reply: FastifyReply,
  browser: BrowserDeps,
): Said | null {
  const value = jarOf(request)(orderOf(browser).name)
  if (value === undefined) return null
  reply.header('set-cookie', clearCookie(orderOf(browser)))
  const [kind, count] = value.split('.')
  if (kind === 'endedOthers' && /^\d{1,6}$/.test(count ?? '')) return { kind, count: Number(count) }
  return kind === 'renamed' || kind === 'endedOne' || kind === 'already' ? { kind } : null
}

function orderOf({ cookie: { secure } }: BrowserDeps): Parameters<typeof setCookie>[0] {
  const name = secure ? '__Host-curfew-said' : 'curfew-said'
  return { name, domain: null, sameSite: 'strict', secure, hostOnly: true }
}
