/*
 * What other replicas say on channels that anybody with access to Redis may write to. A message is a hint
 * (rule 20): it makes this replica read, and nothing that stands in it is believed. Floods are one hint.
 */
import { randomBytes } from 'node:crypto'
import { defaultTiming, PullSoon, type Timing } from '@curfew/verifier/feed'
import type { SessionHints } from '#authority'
import { parseSessionId, type SessionId } from '#domain'

/** As much of a connection for messages as is used. */
export interface Messages {
  publish(channel: string, message: string): Promise<void>
  subscribe(channel: string, listener: (message: string) => void): () => void
  /** After each connection: messages may have been missed. */
  onReady(listener: () => void): () => void
}

export interface FeedHintOptions {
  readonly messages: Pick<Messages, 'subscribe' | 'onReady'>
  /** Where ends are published. */
  readonly channel: string
  readonly hint: () => void
  readonly heard?: () => void
  readonly timing?: Timing
}

/** Something may have ended: whatever is published there means no more than that. */
export function followEnds(options: FeedHintOptions): () => void {
  const { messages, channel, hint, heard = () => undefined, timing = defaultTiming() } = options
  const soon = new PullSoon(timing, hint)
  const stops = [
    messages.subscribe(channel, () => {
      heard()
      soon.ask()
    }),
    messages.onReady(() => soon.ask()),
  ]
  return () => {
    for (const stop of stops) stop()
    soon.close()
  }
}

type SessionListener = (sid: SessionId | undefined) => void

export interface SessionChannelOptions {
  readonly messages: Messages
  readonly channel: string
  readonly heard?: () => void
  readonly timing?: Timing
}

const sidsInMessageMax = 200
/** A sid has 36 characters. */
const messageCharsMax = 8000
/** With more than these waiting, the hint is that any session may have changed. */
const sidsWaitingMax = 2000
const anySession = '*'
const anyMessage = `? ${anySession}`

/** Session hints over a channel: `<origin> <sid> <sid> …`, or `<origin> *`. */
export class SessionChannel implements SessionHints {
  readonly #messages: Messages
  readonly #channel: string
  readonly #heard: () => void
  /** Names this process, so that it does not heed itself. */
  readonly #origin = randomBytes(9).toString('base64url')
  readonly #listeners = new Set<SessionListener>()
  readonly #waiting = new Set<SessionId | typeof anySession>()
  readonly #any: PullSoon
  readonly #stops: readonly (() => void)[]
  #sending: Promise<void> | undefined

  constructor({ messages, channel, heard, timing = defaultTiming() }: SessionChannelOptions) {
    this.#messages = messages
    this.#channel = channel
    this.#heard = heard ?? (() => undefined)
    this.#any = new PullSoon(timing, () => this.#tell(undefined))
    this.#stops = [
      messages.subscribe(channel, (message) => this.#read(message)),
      messages.onReady(() => this.#any.ask()),
    ]
  }

  announceSession(sid: SessionId): void {
    if (this.#waiting.size < sidsWaitingMax) this.#waiting.add(sid)
    else {
      this.#waiting.clear()
      this.#waiting.add(anySession)
    }
    this.#sending ??= this.#send()
  }

  onSessionHint(listener: SessionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    for (const stop of this.#stops) stop()
    this.#any.close()
  }

  /** One message under way, and one more for all that came meanwhile. */
  async #send(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.size > 0) {
      const sids = [...this.#waiting].slice(0, sidsInMessageMax)
      for (const sid of sids) this.#waiting.delete(sid)
      // A hint that is lost: the replica's own reads of the row tell it the same, later.
      const message = [this.#origin, ...sids].join(' ')
      await this.#messages.publish(this.#channel, message).catch(() => undefined)
    }
    this.#sending = undefined
  }

  #read(message: string): void {
    this.#heard()
    // Too long to be ours: it may be about any.
    const known = message.length <= messageCharsMax ? message : anyMessage
    const [origin, ...names] = known.split(' ')
    if (origin === this.#origin) return
    for (const name of names) {
      const sid = parseSessionId(name)
      if (sid === undefined) this.#any.ask()
      else this.#tell(sid)
    }
  }

  #tell(sid: SessionId | undefined): void {
    for (const listener of this.#listeners) listener(sid)
  }
}

/** Announced on every way, and heard on each: any of them may lose one. */
export function joinHints(...ways: readonly SessionHints[]): SessionHints {
  return {
    announceSession: (sid) => {
      for (const way of ways) way.announceSession(sid)
    },
    onSessionHint: (listener) => {
      const stops = ways.map((way) => way.onSessionHint(listener))
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}
