import type { SessionId } from '#domain'
import { type CookieSlot, withCookies } from './headers.ts'
import type { RuleBook } from './rules.ts'
import type { TemplateValues } from './templates.ts'

/** A token seen before, and what it was answered. Holds for as long as all of its stamps do. */
export interface Prepared {
  readonly token: string
  readonly sid: SessionId
  readonly version: number
  /** The feed's epoch; another one means that versions compare no more. */
  readonly epoch: string
  /** Another book means another policy. */
  readonly book: RuleBook
  /** When the session's last seen is to be written again. */
  touchAt: number
  readonly answers: readonly PreparedAnswer[]
}

/** For one rule, application and kind of proxy: an answer is never shared beyond these (C27). */
export interface PreparedAnswer {
  readonly place: number
  readonly origin: string
  readonly nginx: boolean
  readonly goodUntil: number
  /** With the cookies of the request that was answered last. */
  headers: readonly string[]
  cookies: string
  /** How long the cookies were that `bytes` counts. */
  readonly cookiesMax: number
  /** The headers that hold cookies, which are the request's own, and what else they say. */
  readonly slots: readonly CookieSlot[]
  readonly values: TemplateValues
  readonly bytes: number
}

export interface PreparedLimits {
  readonly entriesMax: number
  readonly bytesMax: number
}

/** Rules and applications that one token is remembered for. */
const answersMax = 8
/** JWTs are told apart by their signatures; the whole token is compared before it is believed. */
const keyLength = 86
const entryBytes = 400

/**
 * Two generations: a hit in the old one moves to the young one, and when the young one is full it becomes
 * the old one. Bounded like an LRU cache, and a hit writes nothing.
 */
export class PreparedAnswers {
  readonly #entriesMax: number
  readonly #bytesMax: number
  #young = new Map<string, Prepared>()
  #old = new Map<string, Prepared>()
  #bytes = 0
  #oldBytes = 0
  /** Keys by session, so that a change of one forgets all of its tokens. */
  readonly #bySid = new Map<SessionId, Set<string>>()
  #changes = 0
  #evicted = 0

  constructor({ entriesMax, bytesMax }: PreparedLimits) {
    this.#entriesMax = Math.max(1, Math.floor(entriesMax / 2))
    this.#bytesMax = Math.max(1, Math.floor(bytesMax / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get bytes(): number {
    return this.#bytes + this.#oldBytes
  }

  get evicted(): number {
    return this.#evicted
  }

  /** Grows with everything that is forgotten. What was decided before a change may not be kept after it. */
  get changes(): number {
    return this.#changes
  }

  find(token: string): Prepared | undefined {
    const key = keyOf(token)
    const young = this.#young.get(key)
    if (young !== undefined) return young.token === token ? young : undefined
    const old = this.#old.get(key)
    if (old === undefined || old.token !== token) return undefined
    this.#old.delete(key)
    this.#oldBytes -= weigh(old)
    this.#insert(key, old)
    return old
  }

  put(entry: Omit<Prepared, 'answers'>, answer: PreparedAnswer): void {
    const key = keyOf(entry.token)
    const held = this.#take(key)
    const same = held !== undefined && held.token === entry.token && isSame(held, entry)
    const others = same ? held.answers.filter((one) => !isFor(one, answer)) : []
    this.#insert(key, { ...entry, answers: [answer, ...others].slice(0, answersMax) })
  }

  forget(sid: SessionId): void {
    this.#changes += 1
    for (const key of this.#bySid.get(sid) ?? []) this.#take(key)
  }

  clear(): void {
    this.#changes += 1
    this.#young = new Map()
    this.#old = new Map()
    this.#bySid.clear()
    this.#bytes = 0
    this.#oldBytes = 0
  }

  #insert(key: string, entry: Prepared): void {
    const bytes = weigh(entry)
    if (bytes > this.#bytesMax) return
    if (this.#young.size >= this.#entriesMax || this.#bytes + bytes > this.#bytesMax) this.#turn()
    this.#young.set(key, entry)
    this.#bytes += bytes
    const keys = this.#bySid.get(entry.sid)
    if (keys === undefined) this.#bySid.set(entry.sid, new Set([key]))
    else keys.add(key)
  }

  #turn(): void {
    for (const [key, entry] of this.#old) {
      this.#unlink(key, entry.sid)
      this.#evicted += 1
    }
    this.#old = this.#young
    this.#oldBytes = this.#bytes
    this.#young = new Map()
    this.#bytes = 0
  }

  #take(key: string): Prepared | undefined {
    const young = this.#young.get(key)
    const held = young ?? this.#old.get(key)
    if (held === undefined) return undefined
    if (young === undefined) {
      this.#old.delete(key)
      this.#oldBytes -= weigh(held)
    } else {
      this.#young.delete(key)
      this.#bytes -= weigh(held)
    }
    this.#unlink(key, held.sid)
    return held
  }

  #unlink(key: string, sid: SessionId): void {
    const keys = this.#bySid.get(sid)
    keys?.delete(key)
    if (keys?.size === 0) this.#bySid.delete(sid)
  }
}

/** The answer for this rule, application and proxy, if it still holds. */
export function answerOf(
  entry: Prepared,
  wanted: Pick<PreparedAnswer, 'place' | 'origin' | 'nginx'>,
  now: number,
): PreparedAnswer | undefined {
  for (const answer of entry.answers) {
    if (isFor(answer, wanted)) return now < answer.goodUntil ? answer : undefined
  }
  return undefined
}

/**
 * The headers for a request with these cookies. A browser sends the same ones again and again, so they
 * are rendered when they change. Longer ones than were weighed are not kept.
 */
export function headersFor(answer: PreparedAnswer, cookies: string): readonly string[] {
  const { headers, slots, values } = answer
  if (slots.length === 0 || cookies === answer.cookies) return headers
  const rendered = withCookies(headers, slots, { ...values, cookies })
  if (cookies.length <= answer.cookiesMax) {
    answer.headers = rendered
    answer.cookies = cookies
  }
  return rendered
}

function isFor(
  answer: PreparedAnswer,
  wanted: Pick<PreparedAnswer, 'place' | 'origin' | 'nginx'>,
): boolean {
  const { place, origin, nginx } = wanted
  return answer.place === place && answer.origin === origin && answer.nginx === nginx
}

function isSame(a: Omit<Prepared, 'answers'>, b: Omit<Prepared, 'answers'>): boolean {
  return a.sid === b.sid && a.version === b.version && a.epoch === b.epoch && a.book === b.book
}

function keyOf(token: string): string {
  return token.length > keyLength ? token.slice(-keyLength) : token
}

function weigh(entry: Prepared): number {
  return entry.answers.reduce((sum, { bytes }) => sum + bytes, entryBytes + entry.token.length)
}
