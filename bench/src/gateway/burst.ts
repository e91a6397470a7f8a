/*
 * Many requests of one session at the moment when its tokens at the provider have run out. The provider
 * is slow, and kills the whole family of a refresh token that it sees twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'
import { Connection, type Reply } from '../http/connection.ts'

export interface BurstOrder {
  readonly provider: ScriptableProvider
  readonly count: number
  /** Requests go to these in turn. */
  readonly targets: readonly BurstTarget[]
  /** At the first target. */
  readonly signIn: () => Promise<ReadonlyMap<string, string>>
}

export interface BurstTarget {
  readonly port: number
  readonly asking: (cookies: ReadonlyMap<string, string>) => string
}

export interface Burst {
  /** Refresh grants that reached the provider. */
  readonly grants: number
  readonly statuses: ReadonlyMap<number, number>
  readonly slowestMs: number
  /** What the same browser gets a moment later, */
  readonly next: number
  /** and when the tokens have run out for a second time. */
  readonly later: number
}

/** The provider's answer to a refresh takes so long. */
export const tokenLatencyMs = 200
/** Tokens live this long at the provider: long enough for a sign-in. */
const accessSeconds = 2
/** Expiry counts in whole seconds for some. */
const expiredAfterMs = accessSeconds * 1000 + 1100

/** So that nobody answers for the first time when it counts. */
export async function rehearse({ provider, count, targets, signIn }: BurstOrder): Promise<void> {
  await briefTokens(provider, async () => {
    const browser = new Map(await signIn())
    await sleep(expiredAfterMs)
    await askAtOnce(targets, browser, count)
  })
}

export function burst(order: BurstOrder): Promise<Burst> {
  const { provider, count, targets, signIn } = order
  return briefTokens(provider, async () => {
    const browser = new Map(await signIn())
    await sleep(expiredAfterMs)
    const grantsBefore = provider.grants.length
    const asked = await askAtOnce(targets, browser, count)
    const grants = provider.grants.length - grantsBefore
    const next = await askOnce(targets, browser)
    await sleep(expiredAfterMs)
    const later = await askOnce(targets, browser)
    const slowestMs = Math.max(...asked.map(({ ms }) => ms))
    return { grants, statuses: tally(asked), slowestMs, next, later }
  })
}

/** The provider's tokens are short-lived and slow in coming while `act` lasts. */
async function briefTokens<Result>(
  provider: ScriptableProvider,
  act: () => Promise<Result>,
): Promise<Result> {
  const held = { latencyMs: provider.latencyMs, accessSeconds: provider.accessSeconds }
  Object.assign(provider, { latencyMs: tokenLatencyMs, accessSeconds })
  try {
    return await act()
  } finally {
    Object.assign(provider, held)
  }
}

interface Timed {
  readonly reply: Reply
  readonly ms: number
}

/** All connections are open before the first request is sent, and all are sent in one turn. */
async function askAtOnce(
  targets: readonly BurstTarget[],
  browser: Map<string, string>,
  count: number,
): Promise<readonly Timed[]> {
  const each = Array.from({ length: count }, (_, at) => targets[at % targets.length])
  const ready = await Promise.all(
    each.map(async (target) => {
      if (target === undefined) throw new Error('a burst needs somebody to ask')
      return { connection: await Connection.open(target.port), request: target.asking(browser) }
    }),
  )
  const begun = performance.now()
  const replies = await Promise.all(
    ready.map(async ({ connection, request }): Promise<Timed> => {
      const reply = await connection.send(request)
      keepCookies(browser, reply)
      return { reply, ms: performance.now() - begun }
    }),
  )
  for (const { connection } of ready) connection.close()
  return replies
}

async function askOnce(targets: readonly BurstTarget[], browser: Map<string, string>) {
  const [answer] = await askAtOnce(targets, browser, 1)
  return answer?.reply.status ?? 0
}

/** As a browser does: in the order in which answers come. */
function keepCookies(browser: Map<string, string>, { head }: Reply): void {
  for (const [, name = '', value = ''] of head.matchAll(/\r\nset-cookie: *([^=;]+)=([^;\r]*)/gi)) {
    if (value === '') browser.delete(name)
    else browser.set(name, value)
  }
}

function tally(asked: readonly Timed[]): ReadonlyMap<number, number> {
  const statuses = new Map<number, number>()
  for (const { reply } of asked) {
    statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1)
  }
  return statuses
}
