/* A witness at the gateway: signs people in through the provider, and asks forward auth as a proxy would. */

import { asTraefik, Visitor } from '#test/gateway/visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from '#test/gateway/wire.ts'
import { isJsonObject } from '#test/harness/json.ts'
import type { History, StartAct, UseAct, Verdict } from '#test/races/rig/history.ts'
import type { Handed, WitnessOptions } from '#test/races/rig/witness.ts'
import { application, type Town, type TownReplica } from './town.ts'

/** A browser that is signed in, or was. */
export type Visit = {
  readonly sid: string
  readonly uid: string
  readonly cookie: string
}

/** What a proxy passes on. */
export type Shown = { readonly sid: string } & (
  | { readonly cookie: string }
  | { readonly bearer: string }
)

/** A browser asks a page for longer than a script waits. */
const signInWithinMs = 6000

export class GateWitness {
  readonly #town: Pick<Town, 'provider' | 'issuer'>
  readonly #history: History
  readonly #answerWithinMs: number
  readonly #handed: Handed

  constructor(
    town: Pick<Town, 'provider' | 'issuer'>,
    { history, answerWithinMs, handed }: Required<WitnessOptions>,
  ) {
    this.#town = town
    this.#history = history
    this.#answerWithinMs = answerWithinMs
    this.#handed = handed
  }

  async signIn(
    replica: TownReplica,
    subject: string,
  ): Promise<{ readonly act: StartAct; readonly visit: Visit | undefined }> {
    const from = performance.now()
    const uid = `main:${subject}`
    const walked = await this.#walk(replica, subject).catch(() => undefined)
    const till = performance.now()
    const { reply, cookie, captured } = walked ?? nothing
    if (cookie !== undefined) this.#handed('a cookie', cookie)
    const verdict = verdictOfPage(reply, cookie)
    const sid = verdict === 'accepted' ? reply?.headers['x-sid'] : undefined
    const act = this.#history.add<StartAct>({
      ...{ kind: 'start', at: replica.name, from, till, status: reply?.status ?? 0, verdict },
      ...{ uid, device: 'web', policy: 'multiple', sid, joined: false, tokens: undefined },
      ...{ fenceTill: captured, subject },
    })
    const visit = sid === undefined || cookie === undefined ? undefined : { sid, uid, cookie }
    return { act, visit }
  }

  /** To the provider and back; the sign-in begins at `/login`, whose fence has been captured by then. */
  async #walk(replica: TownReplica, subject: string): Promise<Walked> {
    const { provider, issuer } = this.#town
    const visitor = new Visitor({
      url: replica.curfew.url,
      publicUrl: issuer,
      provider: {
        issuer: provider.issuer,
        authorize: (url) => {
          // At once: other people are on their way there too.
          provider.subject = subject
          return provider.authorize(url)
        },
      },
      signal: AbortSignal.timeout(signInWithinMs),
    })
    const callback = await visitor.begin(`${application}/`)
    const captured = performance.now()
    const reply = await visitor.browse(callback)
    return { reply, cookie: visitor.jar.value(new URL(application), 'curfew'), captured }
  }

  async ask(replica: TownReplica, shown: Shown): Promise<UseAct> {
    const how = 'cookie' in shown ? 'cookie' : 'bearer'
    const credential: readonly [string, string] =
      'cookie' in shown
        ? ['Cookie', `curfew=${shown.cookie}`]
        : ['Authorization', `Bearer ${shown.bearer}`]
    const from = performance.now()
    const reply = await this.#send(replica, [credential])
    const till = performance.now()
    return this.#history.add<UseAct>({
      ...{ kind: 'use', how, at: replica.name, from, till, status: reply?.status ?? 0 },
      ...{ sid: shown.sid, verdict: verdictOfGate(reply, shown.sid), fromMemory: true },
      cleared: reply?.setCookies.some((one) => /^curfew=;|Max-Age=0/.test(one)) === true,
    })
  }

  /** A token that nobody was ever given. */
  async forge(replica: TownReplica, bearer: string): Promise<void> {
    const from = performance.now()
    const reply = await this.#send(replica, [['Authorization', `Bearer ${bearer}`]])
    const verdict = verdictOfGate(reply, undefined)
    this.#history.add({
      ...{ kind: 'forgery', how: 'bearer', at: replica.name, from, till: performance.now() },
      ...{ status: reply?.status ?? 0, verdict },
    })
  }

  #send(replica: TownReplica, credentials: HeaderPairs): Promise<Reply | undefined> {
    const described = asTraefik(new URL('/api/data', application))
    return sendRaw(new URL(`${replica.curfew.url}/forward-auth?mode=traefik`), {
      method: 'GET',
      headers: [...described, ['Sec-Fetch-Mode', 'cors'], ...credentials],
      signal: AbortSignal.timeout(this.#answerWithinMs),
    }).catch(() => undefined)
  }
}

type Walked = {
  readonly reply: Reply | undefined
  readonly cookie: string | undefined
  readonly captured: number | undefined
}

const nothing: Walked = { reply: undefined, cookie: undefined, captured: undefined }

/** A sign-in that fails on its way may have started a session that nobody is told of. */
function verdictOfPage(reply: Reply | undefined, cookie: string | undefined): Verdict {
  if (reply === undefined) return 'unknown'
  if (reply.status === 200 && cookie !== undefined) return 'accepted'
  if (reply.status === 500) return 'odd'
  return reply.status === 403 ? 'refused' : 'unknown'
}

function verdictOfGate(reply: Reply | undefined, sid: string | undefined): Verdict {
  if (reply === undefined || reply.status === 503) return 'unknown'
  if (reply.status === 200) {
    return sid === undefined || reply.headers['x-sid'] === sid ? 'accepted' : 'odd'
  }
  if (reply.status !== 401) return 'odd'
  return codeOf(reply.body) === 'session_ended' ? 'ended' : 'refused'
}

function codeOf(body: string): unknown {
  try {
    const said: unknown = JSON.parse(body)
    return isJsonObject(said) ? said['code'] : undefined
  } catch {
    return undefined
  }
}
