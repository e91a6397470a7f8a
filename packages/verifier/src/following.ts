/*
 * Everything of the issuer's that a verifier keeps up with: its keys, its clock, and the ends of its
 * sessions, by pull, event stream and hint. The pull alone says what is known to be complete.
 */
import {
  type Counters,
  newCounters,
  type VerifierMetrics,
  type VerifierStatus,
} from './counters.ts'
import { Emitter } from './emitter.ts'
import { EndedSessions } from './ended-sessions.ts'
import { type AnyVerifyError, VerifierFault } from './errors.ts'
import { formatCursor } from './feed-entry.ts'
import { FeedReader, type FeedReaderOptions } from './feed-reader.ts'
import type { FeedEvent } from './feed-source.ts'
import { FeedStream } from './feed-stream.ts'
import { type HintMessage, readHint } from './hint-message.ts'
import { HttpFeed } from './http-feed.ts'
import type { SessionId } from './ids.ts'
import { Keeping } from './keeping.ts'
import { Keys } from './keys.ts'
import type { Settings } from './options.ts'
import { PullSoon } from './pull-soon.ts'
import { ServerClock } from './server-clock.ts'
import type { KeptState } from './state.ts'
import { Threads } from './threads.ts'

export interface FollowingEvents {
  /** A session has ended. Told once, as soon as the feed says so. */
  readonly ended: { readonly sid: SessionId }
  /** Something behind the scenes went wrong. It never throws. */
  readonly error: VerifierFault
  /** No good pull for longer than `maxStaleness`. Told once; `fresh` follows when it is over. */
  readonly stale: { readonly stalenessSeconds: number }
  readonly fresh: { readonly cursor: string }
}

/** What is known of a token whose signature is good. */
export interface Judged {
  readonly sid: SessionId
  readonly expiresAtMs: number
  /** The later of `nbf` and `iat`. */
  readonly notBeforeMs: number
}

export type Judgement =
  | 'good'
  /** The feed is stale, and `onStale` is `accept`. */
  | 'good as far as is known'
  | 'expired'
  | 'not_yet_valid'
  | 'ended'
  | 'stale'

/** For `nbf` and `iat` only; `exp` has none (rule 39). */
const leewayMs = 60_000

export class Following {
  readonly events = new Emitter<FollowingEvents>()
  readonly counters: Counters = newCounters()
  readonly keys: Keys
  readonly threads: Threads
  readonly #settings: Settings
  readonly #clock: ServerClock
  readonly #ended: EndedSessions
  readonly #feed: HttpFeed
  readonly #stream: FeedStream | undefined
  readonly #pullSoon: PullSoon
  readonly #keeping: Keeping | undefined
  #tellPulled: () => void = () => undefined
  readonly #pulledOnce = new Promise<void>((resolve) => {
    this.#tellPulled = resolve
  })
  #reader: FeedReader
  #lastFault: VerifierFault | undefined
  #saidStale = false
  #closed = false

  constructor(settings: Settings) {
    const { timing, fetch, baseUrl, authorization, untilEnd } = settings
    this.#settings = settings
    this.#clock = new ServerClock(timing, () => this.#pullSoon.ask())
    const nowMs = (): number => this.#clock.nowMs()
    this.threads = new Threads({ timing, nowMs, untilEnd })
    this.#ended = this.#newEndedSessions(nowMs)
    this.keys = this.#newKeys()
    this.#feed = new HttpFeed({
      ...{ baseUrl, authorization, fetch, clock: this.#clock },
      // Before the first load nobody holds a signal, and what has expired needs no denying.
      all: () => untilEnd && this.#reader.ready,
      onAsk: () => {
        this.counters.pulls += 1
        this.#ended.asked()
      },
    })
    this.#reader = this.#newReader()
    this.#pullSoon = new PullSoon(timing, () => this.#reader.hint())
    this.#stream = settings.stream ? this.#newStream() : undefined
    this.#keeping = this.#newKeeping()
  }

  /** Takes over the last known state and begins; waits for nothing. */
  start(): void {
    void this.#begin()
    void this.#pulledOnce.then(() => {
      if (!this.#closed) this.#stream?.start()
    })
  }

  /** @throws VerifierFault `start_timeout` when it took too long and no last known state helps */
  async whenStarted(): Promise<void> {
    const { timing, startTimeoutMs } = this.#settings
    // Between two attempts nothing else may hold the process, which must not end for that.
    const wait = timing.setWaitingTimer ?? timing.setTimer
    let timer: unknown
    const late = new Promise<'late'>((resolve) => {
      timer = wait.call(timing, () => resolve('late'), startTimeoutMs)
    })
    const loaded = Promise.all([this.#pulledOnce, this.keys.whenLoaded()])
    const outcome = await Promise.race([loaded, late])
    timing.clearTimer(timer)
    const mayAnswer = this.ready && (this.#settings.acceptStale || !this.#reader.stale)
    if (outcome !== 'late' || mayAnswer) return
    const cause = this.#lastFault
    const why = cause === undefined ? '' : ` ${cause.message}`
    throw new VerifierFault(
      'start_timeout',
      `Keys and feed were not loaded within ${startTimeoutMs} ms.${why}`,
      { cause },
    )
  }

  /** Everything was loaded at least once, or the last known state stands in for it. */
  get ready(): boolean {
    return !this.#closed && this.#reader.ready && this.keys.loaded
  }

  /** Curfew's time. */
  nowMs(): number {
    return this.#clock.nowMs()
  }

  /** What is asked at every call, of all kinds of tokens, as of one look at the clocks (rule 35). */
  judge({ sid, expiresAtMs, notBeforeMs }: Judged): Judgement {
    const { timing, acceptStale } = this.#settings
    const wallMs = timing.wallMs()
    const monotonicMs = timing.monotonicMs()
    const nowMs = this.#clock.nowAt(wallMs, monotonicMs)
    if (nowMs >= expiresAtMs) return 'expired'
    if (notBeforeMs > nowMs + leewayMs) return 'not_yet_valid'
    if (this.#ended.has(sid, nowMs)) return 'ended'
    if (!this.ready) return 'stale'
    if (!this.#reader.staleAt(wallMs, monotonicMs)) return 'good'
    return acceptStale ? 'good as far as is known' : 'stale'
  }

  hint(message: unknown): void {
    if (this.#closed) return
    if (message === undefined) this.#pullSoon.ask()
    else this.#hinted(readHint(message))
  }

  countRefusal({ code }: AnyVerifyError): void {
    const { refused } = this.counters
    refused[code] = (refused[code] ?? 0) + 1
  }

  get status(): VerifierStatus {
    const { freshAtWallMs, stalenessMs, position } = this.#reader
    return {
      ready: this.ready,
      lastPullAt: freshAtWallMs === undefined ? undefined : new Date(freshAtWallMs),
      stalenessSeconds: stalenessMs / 1000,
      denied: this.#ended.size,
      cursor: position === null ? undefined : formatCursor(position),
    }
  }

  get metrics(): Omit<VerifierMetrics, 'tokensRemembered' | 'proofsRemembered' | 'proofsDropped'> {
    return {
      ...this.counters,
      refused: { ...this.counters.refused },
      stalenessSeconds: this.#reader.stalenessMs / 1000,
      streamOpen: this.#stream?.open ?? false,
      denied: this.#ended.size,
      denylistBytes: this.#ended.bytes,
      signals: this.threads.watched,
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    const kept = this.#keeping?.save()
    this.#closed = true
    this.#reader.close()
    this.#stream?.close()
    this.#pullSoon.close()
    this.keys.close()
    this.threads.close()
    await kept
  }

  async #begin(): Promise<void> {
    const kept = await this.#keeping?.load()
    if (kept !== undefined) await this.#restore(kept)
    if (this.#closed) return
    this.keys.start()
    this.#reader.start()
  }

  #hinted(hint: HintMessage | undefined): void {
    if (hint === undefined) {
      this.counters.hintsMalformed += 1
      this.#fault(new VerifierFault('push_malformed', 'A message is none of Curfew.'))
      return
    }
    this.counters.hints += 1
    const { position } = this.#reader
    // Not news: the pull has been past it.
    if (position?.epoch === hint.at.epoch && hint.at.seq <= position.seq) return
    if (!this.#ended.hint(hint.entry)) this.counters.hintsDropped += 1
    this.#pullSoon.ask()
  }

  #hear(event: FeedEvent): void {
    switch (event.kind) {
      case 'entries':
        this.#learn(event)
        break
      case 'current':
        this.#current(formatCursor(event.position))
        break
      case 'reset':
        this.counters.reloads += 1
        break
      case 'error':
        this.counters.pullFailures += 1
        this.#fault(asFault(event.error))
        break
      case 'stale':
        this.#saidStale = true
        this.events.emit('stale', { stalenessSeconds: event.stalenessMs / 1000 })
        break
      default:
        event satisfies never
    }
  }

  #learn({ entries, whole }: FeedEvent & { readonly kind: 'entries' }): void {
    const by = !whole ? 'news' : this.#reader.ready ? 'reload' : 'load'
    for (const { sid, keepUntilSeconds: exp } of entries) {
      this.#ended.learn({ sid: sid as SessionId, exp }, by)
    }
  }

  #current(cursor: string): void {
    this.#ended.current()
    this.#tellPulled()
    this.#keeping?.due()
    if (!this.#saidStale) return
    this.#saidStale = false
    this.events.emit('fresh', { cursor })
  }

  #fault(fault: VerifierFault): void {
    if (this.#closed) return
    this.counters.faults += 1
    this.#lastFault = fault
    this.events.emit('error', fault)
  }

  async #restore({ position, freshAtWallMs, keys, denied }: KeptState): Promise<void> {
    try {
      await this.keys.restore({ keys })
      this.#ended.import(denied)
      this.#reader = this.#newReader({ position, freshAtWallMs })
    } catch (cause) {
      // Chosen outcome: load everything. What was taken over before it failed does no harm.
      this.#fault(new VerifierFault('state_failed', 'The state cannot be used.', { cause }))
    }
  }

  #newEndedSessions(nowMs: () => number): EndedSessions {
    const { pullIntervalMs, denylistLargeAt } = this.#settings
    return new EndedSessions({
      threads: this.threads,
      nowMs,
      denylistLargeAt,
      onLarge: (size) => {
        const message = `${size} sessions are denied. Nothing is dropped; see that memory suffices.`
        this.#fault(new VerifierFault('denylist_large', message))
      },
      onEnded: (sid) => this.events.emit('ended', { sid }),
      rememberSeconds: 60 + (2 * pullIntervalMs) / 1000,
    })
  }

  #newKeys(): Keys {
    const { timing, fetch, baseUrl } = this.#settings
    return new Keys({
      url: `${baseUrl}/.well-known/jwks.json`,
      ...{ timing, fetch },
      onFault: (fault) => this.#fault(fault),
      onFetch: () => {
        this.counters.keyFetches += 1
      },
    })
  }

  #newReader(resume?: FeedReaderOptions['resume']): FeedReader {
    const { timing, pullIntervalMs, maxStalenessMs } = this.#settings
    return new FeedReader({
      source: this.#feed,
      onEvent: (event) => this.#hear(event),
      ...{ timing, pullIntervalMs, maxStalenessMs },
      ...(resume === undefined ? {} : { resume }),
    })
  }

  #newStream(): FeedStream {
    const { timing, fetch, baseUrl, authorization, untilEnd } = this.#settings
    return new FeedStream({
      ...{ timing, fetch, baseUrl, authorization, all: untilEnd },
      position: () => this.#reader.position,
      onEntry: (entry) => {
        this.counters.streamed += 1
        this.#ended.learn(entry, 'news')
      },
      onDoubt: () => {
        this.counters.doubts += 1
        this.#pullSoon.ask()
      },
      onFault: (fault) => this.#fault(fault),
    })
  }

  #newKeeping(): Keeping | undefined {
    const { state: store, issuer, timing } = this.#settings
    if (store === undefined) return undefined
    return new Keeping({
      ...{ store, issuer, timing },
      onFault: (fault) => this.#fault(fault),
      state: () => {
        const { position, freshAtWallMs } = this.#reader
        if (position === null || freshAtWallMs === undefined) return undefined
        const keys = this.keys.published
        return { position, freshAtWallMs, keys, denied: this.#ended.export() }
      },
    })
  }
}

function asFault(error: unknown): VerifierFault {
  if (error instanceof VerifierFault) return error
  return new VerifierFault('feed_unreachable', 'The feed cannot be read.', { cause: error })
}
