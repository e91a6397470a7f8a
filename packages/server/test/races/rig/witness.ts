/* A client of several replicas that writes down every act with its times (history.ts). */
import { type Api, cursorOf } from '#test/harness/api.ts'
import { clients } from '#test/harness/config.ts'
import type { Answer, RequestOptions } from '#test/harness/http.ts'
import { asObject, claimsOf, isJsonObject, type JsonObject } from '#test/harness/json.ts'
import {
  type CensusAct,
  type DevicePolicy,
  type EnableAct,
  type EndAct,
  type EndAllAct,
  type FeedEntry,
  type FeedPart,
  History,
  type RefreshAct,
  type StartAct,
  type UseAct,
  type Verdict,
  verdictOf,
} from './history.ts'

export type Replica = { readonly name: string; readonly api: Api }

/** What a client knows of its session. `refreshToken` is empty where a session was joined. */
export type Held = {
  readonly sid: string
  readonly uid: string
  readonly device: string
  readonly accessToken: string
  readonly sessionToken: string
  readonly refreshToken: string
}

/** As in the harness's default configuration. */
export const policies: Readonly<Record<string, DevicePolicy>> = {
  app: 'single',
  web: 'multiple',
  pc: 'shared',
  fleet: 'multiple',
}

export type StartWish = {
  readonly uid: string
  readonly device: string
  readonly fence?: { readonly value: number; readonly till: number }
}

type Heard = {
  readonly at: string
  readonly from: number
  readonly till: number
  readonly status: number
  readonly body: JsonObject
  readonly headers: Headers
  readonly verdict: Verdict
}

/** Told of every token that was handed out. */
export type Handed = (what: string, secret: string) => void

export type WitnessOptions = {
  readonly history?: History
  /** A witness that waits longer than this for an answer has got none. */
  readonly answerWithinMs?: number
  readonly handed?: Handed
}

export class Witness {
  readonly history: History
  readonly #answerWithinMs: number
  readonly #handed: Handed

  constructor(options: WitnessOptions = {}) {
    this.history = options.history ?? new History()
    this.#answerWithinMs = options.answerWithinMs ?? 20_000
    this.#handed = options.handed ?? (() => undefined)
  }

  /** Writes into the same history, and hangs up at another time. */
  waiting(answerWithinMs: number): Witness {
    return new Witness({ history: this.history, answerWithinMs, handed: this.#handed })
  }

  async start(
    replica: Replica,
    wish: StartWish,
  ): Promise<{ act: StartAct; held: Held | undefined }> {
    const { uid, device, fence } = wish
    const json = { uid, device, ...(fence === undefined ? {} : { fence: fence.value }) }
    const heard = await this.#send(replica, 'POST', '/sessions', { as: clients.backend, json })
    const held = heard.verdict === 'accepted' ? heldOf(uid, device, heard.body) : undefined
    this.#hand(held)
    const act = this.history.add({
      ...timed(heard),
      kind: 'start',
      uid,
      device,
      policy: policies[device] ?? 'multiple',
      sid: held?.sid,
      joined: heard.body['joined'] === true,
      tokens: held === undefined ? undefined : successorOf(held),
      fenceTill: fence?.till,
    })
    return { act, held }
  }

  /** A sign-in that must be acknowledged. */
  async signIn(replica: Replica, uid: string, device = 'web'): Promise<Held> {
    const { act, held } = await this.start(replica, { uid, device })
    if (held === undefined) throw new Error(`a sign-in of ${uid} was answered ${act.status}`)
    return held
  }

  async fence(replica: Replica, uid: string): Promise<{ value: number; till: number }> {
    const path = `/users/${encodeURIComponent(uid)}/fence`
    const heard = await this.#send(replica, 'GET', path, { as: clients.backend })
    if (heard.status !== 200) throw new Error(`GET ${path}: ${heard.status}`)
    return { value: Number(heard.body['fence']), till: heard.till }
  }

  /** The API, shown the session token or the access token. */
  async use(replica: Replica, held: Held, how: 'session' | 'access' = 'session'): Promise<UseAct> {
    const as = how === 'session' ? held.sessionToken : held.accessToken
    const heard = await this.#send(replica, 'GET', '/sessions', { as })
    return this.history.add({ ...timed(heard), kind: 'use', how, sid: held.sid })
  }

  async introspect(replica: Replica, held: Held): Promise<UseAct> {
    const request = { as: clients.webapp, form: { token: held.accessToken } }
    const heard = await this.#send(replica, 'POST', '/oauth/introspect', request)
    const inactive = heard.verdict === 'accepted' && heard.body['active'] !== true
    const verdict = inactive ? 'ended' : heard.verdict
    return this.history.add({
      ...timed(heard),
      verdict,
      kind: 'use',
      how: 'introspect',
      sid: held.sid,
    })
  }

  async refresh(replica: Replica, held: Held): Promise<{ act: RefreshAct; held: Held }> {
    const form = { grant_type: 'refresh_token', refresh_token: held.refreshToken }
    const heard = await this.#send(replica, 'POST', '/oauth/token', { as: clients.backend, form })
    const next = heard.verdict === 'accepted' ? renewed(held, heard.body) : undefined
    this.#hand(next)
    const act = this.history.add({
      ...timed(heard),
      kind: 'refresh',
      sid: held.sid,
      presented: held.refreshToken,
      successor: next === undefined ? undefined : successorOf(next),
      reason: textOf(heard.body['revoked_reason']),
    })
    return { act, held: next ?? held }
  }

  /** `POST /logout` with a session, access or refresh token. */
  async logout(
    replica: Replica,
    held: Held,
    how: 'session' | 'access' | 'refresh' = 'session',
  ): Promise<EndAct> {
    const as = how === 'access' ? held.accessToken : held.sessionToken
    const request = how === 'refresh' ? { json: { refresh_token: held.refreshToken } } : { as }
    return this.#end(replica, { held, how: `logout ${how}`, path: '/logout', request })
  }

  /** A thief, or a client that kept an old token: its refresh must end the session. */
  async replay(replica: Replica, spent: Held): Promise<EndAct> {
    const form = { grant_type: 'refresh_token', refresh_token: spent.refreshToken }
    const heard = await this.#send(replica, 'POST', '/oauth/token', { as: clients.backend, form })
    const first = heard.body['revoked_reason'] === 'refresh_reuse'
    const verdict = heard.status === 400 && first ? 'accepted' : heard.verdict
    const { sid } = spent
    return this.history.add({ ...timed(heard), verdict, kind: 'end', how: 'replay', sid, first })
  }

  /** A client that does not wait for the answer: its end may or may not have begun. */
  gaveUp(replica: Replica, held: Held, from: number): EndAct {
    return this.history.add({
      at: replica.name,
      from,
      till: performance.now(),
      status: 0,
      verdict: 'unknown',
      kind: 'end',
      how: 'logout without waiting',
      sid: held.sid,
      first: false,
    })
  }

  adminRevoke(replica: Replica, held: Held): Promise<EndAct> {
    const path = `/sessions/${held.sid}/revoke`
    return this.#end(replica, { held, how: 'admin', path, request: { as: clients.operator } })
  }

  async #end(
    replica: Replica,
    order: { held: Held; how: string; path: string; request: RequestOptions },
  ): Promise<EndAct> {
    const heard = await this.#send(replica, 'POST', order.path, order.request)
    const first = heard.body['revoked'] === true
    const { sid } = order.held
    return this.history.add({ ...timed(heard), kind: 'end', how: order.how, sid, first })
  }

  logoutAll(replica: Replica, held: Held, which: 'all' | 'others' = 'all'): Promise<EndAllAct> {
    const except = which === 'others' ? held.sid : undefined
    return this.#endAll(replica, {
      uid: held.uid,
      how: `logout/${which} of ${held.sid}`,
      path: `/logout/${which}`,
      request: { as: held.sessionToken },
      except,
    })
  }

  revokeUser(replica: Replica, uid: string): Promise<EndAllAct> {
    return this.#onUser(replica, uid, 'revoke')
  }

  disable(replica: Replica, uid: string): Promise<EndAllAct> {
    return this.#onUser(replica, uid, 'disable')
  }

  #onUser(replica: Replica, uid: string, how: 'revoke' | 'disable'): Promise<EndAllAct> {
    const path = `/users/${encodeURIComponent(uid)}/${how}`
    return this.#endAll(replica, {
      uid,
      how,
      path,
      request: { as: clients.operator },
      except: undefined,
    })
  }

  async #endAll(
    replica: Replica,
    order: {
      uid: string
      how: string
      path: string
      request: RequestOptions
      except: string | undefined
    },
  ): Promise<EndAllAct> {
    const { uid, how, except } = order
    const heard = await this.#send(replica, 'POST', order.path, order.request)
    const count = heard.body['revoked']
    const revoked = typeof count === 'number' ? count : undefined
    const disables = how === 'disable'
    return this.history.add({
      ...timed(heard),
      kind: 'end-all',
      how,
      uid,
      except,
      disables,
      revoked,
    })
  }

  async enable(replica: Replica, uid: string): Promise<EnableAct> {
    const path = `/users/${encodeURIComponent(uid)}/enable`
    const heard = await this.#send(replica, 'POST', path, { as: clients.operator })
    return this.history.add({ ...timed(heard), kind: 'enable', uid })
  }

  async census(replica: Replica, uid: string): Promise<CensusAct> {
    const path = `/users/${encodeURIComponent(uid)}/sessions`
    const query = { state: 'live', limit: 200 }
    const heard = await this.#send(replica, 'GET', path, { as: clients.operator, query })
    const items = Array.isArray(heard.body['items']) ? heard.body['items'] : []
    const live = items.map((item) => {
      const { sid, device } = asObject(item)
      return { sid: String(sid), device: String(device) }
    })
    return this.history.add({ ...timed(heard), kind: 'census', uid, live })
  }

  #hand(held: Held | undefined): void {
    if (held === undefined) return
    this.#handed('an access token', held.accessToken)
    this.#handed('a session token', held.sessionToken)
    this.#handed('a refresh token', held.refreshToken)
  }

  async #send(
    replica: Replica,
    method: string,
    path: string,
    options: RequestOptions,
  ): Promise<Heard> {
    const from = performance.now()
    const signal = AbortSignal.timeout(this.#answerWithinMs)
    const answer = await replica.api
      .send(method, path, { ...options, signal })
      .catch(() => undefined)
    const till = performance.now()
    const body = bodyOf(answer)
    const status = answer?.status ?? 0
    const headers = answer?.headers ?? new Headers()
    return { at: replica.name, from, till, status, body, headers, verdict: verdictOf(status, body) }
  }
}

/** The feed from a cursor to its head, in pages. Only when nothing ends any more. */
export async function feedSince(replica: Replica, cursor: string): Promise<FeedPart> {
  const entries: FeedEntry[] = []
  const afterSeq = seqOf(cursor)
  let at = cursor
  for (;;) {
    const answer = await replica.api.feed({ since: at, all: true, limit: 1000 })
    if (answer.status !== 200) throw new Error(`the feed: ${answer.brief}`)
    if (answer.headers.get('curfew-reset') !== null) throw new Error('the feed was reset')
    entries.push(...answer.list.map(entryOf))
    at = cursorOf(answer)
    if (answer.headers.get('curfew-more') !== 'true') break
  }
  return { cursor: at, afterSeq, headSeq: seqOf(at), entries }
}

export function entryOf({ sid, jti, exp }: JsonObject): FeedEntry {
  return { sid: String(sid), jti: textOf(jti) ?? null, exp: Number(exp) }
}

export function seqOf(cursor: string): number {
  const seq = Number(cursor.split('.')[1])
  if (!Number.isSafeInteger(seq)) throw new Error(`not a cursor: ${cursor}`)
  return seq
}

function timed({ at, from, till, status, verdict }: Heard) {
  return { at, from, till, status, verdict }
}

function bodyOf(answer: Answer | undefined): JsonObject {
  if (answer === undefined) return {}
  try {
    const value = answer.json
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

function heldOf(uid: string, device: string, body: JsonObject): Held {
  return {
    uid,
    device,
    sid: textOf(body['sid']) ?? '',
    accessToken: textOf(body['access_token']) ?? '',
    sessionToken: textOf(body['session_token']) ?? '',
    refreshToken: textOf(body['refresh_token']) ?? '',
  }
}

function renewed(held: Held, body: JsonObject): Held {
  const accessToken = textOf(body['access_token']) ?? ''
  return { ...held, accessToken, refreshToken: textOf(body['refresh_token']) ?? '' }
}

function successorOf({ accessToken, refreshToken }: Held) {
  const { jti, iat, exp } = claimsOf(accessToken)
  return { refreshToken, jti: String(jti), iat: Number(iat), exp: Number(exp) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
