/*
 * What follows the start and the end of a session, as rows of the outbox: written in the transaction of
 * the start or the end, carried out later by whichever replica leases the row, at least once.
 *
 *   open -> leased (an attempt is under way) -> gone (done)
 *                                            -> open (failed; due again after a back-off)
 *                                            -> given up (too old, or refused for good) -> open (retry)
 *
 * A lane is what one target is told of one session: its rows are carried out in their order, and one
 * that was given up holds up no other.
 */
import type { Epoch, Instant, Session, SessionId } from '#domain'
import type { FeedEntry } from './ports.ts'

export type EffectKind = 'webhook' | 'provider_revocation'
export type EffectEvent = 'session.started' | 'session.ended'

/** Where effects go: a webhook by its name (`webhookTarget`), a provider by its id. */
export interface EffectTarget {
  readonly kind: EffectKind
  readonly target: string
}

/** What the configuration wants told; a provider's tokens are handed back without being asked for. */
export interface EffectPlan {
  readonly webhooks: readonly { readonly target: string; readonly events: readonly EffectEvent[] }[]
}

export interface LeasedEffect extends EffectTarget {
  readonly id: number
  readonly sid: SessionId
  readonly event: EffectEvent
  /** What was written beforehand; null: the session's row says it all. */
  readonly payload: string | null
  /** The session as it stands; undefined: there is no such row any more. */
  readonly session: Session | undefined
  readonly createdAt: Instant
  /** With the present one. */
  readonly attempts: number
  /** How long it has been tried by now. */
  readonly openMs: number
}

export interface ClaimOrder extends EffectTarget {
  /** Names whoever carries it out; an outlived one writes nothing over another's. */
  readonly owner: string
  /** After that anybody may take it over. */
  readonly leaseMs: number
  readonly limit: number
}

/** What became of one attempt. */
export type Delivery =
  | { readonly kind: 'done' }
  /** Tried again later, not before `retryAfterMs` where the other side asks for that. */
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterMs: number | null }
  /** For good: given up at once. */
  | { readonly kind: 'refused'; readonly why: string }

/** A row as an operator sees it. */
export interface ListedEffect extends EffectTarget {
  readonly id: number
  readonly sid: SessionId
  readonly event: EffectEvent
  readonly state: 'waiting' | 'failed' | 'given-up'
  readonly createdAt: Instant
  readonly dueAt: Instant
  readonly gaveUpAt: Instant | null
  readonly attempts: number
  readonly lastError: string | null
}

export interface EffectQuery {
  readonly state: ListedEffect['state'] | 'all'
  readonly limit: number
}

export type RetryChoice =
  | { readonly by: 'id'; readonly ids: readonly number[] }
  | { readonly by: 'target'; readonly target: string }
  | { readonly by: 'all' }

export interface GivenUp extends EffectTarget {
  readonly id: number
  readonly sid: SessionId
  readonly event: EffectEvent
}

export interface EffectCounts {
  readonly kind: EffectKind
  readonly waiting: number
  /** Since when the oldest of them waits; null: none does. */
  readonly oldestMs: number | null
  readonly givenUp: number
}

export interface EffectStore {
  /** Rows of one target that are due and first in their lanes; each is one attempt of `owner` now. */
  claimEffects(order: ClaimOrder): Promise<readonly LeasedEffect[]>
  finishEffects(ids: readonly number[]): Promise<void>
  /** Nothing happens if somebody else has taken it over. */
  postponeEffect(
    effect: Pick<LeasedEffect, 'id'>,
    order: { readonly owner: string; readonly delayMs: number; readonly why: string },
  ): Promise<void>
  giveUpEffect(
    effect: Pick<LeasedEffect, 'id'>,
    order: { readonly owner: string; readonly why: string },
  ): Promise<'given-up' | 'taken-over'>
  /** What has been open for that long and is under way nowhere. Whoever calls counts them. */
  giveUpOverdue(openMsMax: number, limit: number): Promise<readonly GivenUp[]>
  /** Due at once for everybody, and not counted as attempts: their owner stops. */
  releaseEffects(owner: string): Promise<void>
  /** An effect beside the end's own: tokens that came back for a session that had ended. */
  addEffect(
    effect: EffectTarget & { readonly sid: SessionId; readonly payload: string },
  ): Promise<void>
  effects(query: EffectQuery): Promise<{ readonly effects: readonly ListedEffect[]; now: Instant }>
  /** Due now, with a new time to be tried in; what is under way is left alone. Answers how many. */
  retryEffects(choice: RetryChoice): Promise<number>
  countEffects(): Promise<readonly EffectCounts[]>
  /** Called when this process has committed effects that are due, or made them due again. */
  onEffects(listener: () => void): () => void
}

/** A place in the feed up to which the whole installation has seen to something; one owner at a time. */
export interface CursorStore {
  /** Undefined: another one holds it. A fresh one stands at no epoch. */
  leaseCursor(
    name: string,
    order: { readonly owner: string; readonly leaseMs: number },
  ): Promise<{ readonly epoch: Epoch | null; readonly seq: number } | undefined>
  /** Moves it, if the lease is still the owner's. */
  moveCursor(
    name: string,
    order: { readonly owner: string; readonly epoch: Epoch; readonly seq: number },
  ): Promise<void>
}

/** Keeps cached snapshots of ended sessions from answering; the cache in Redis fulfils it. */
export interface Tombstones {
  /** Writing one twice is harmless. Throws when Redis does not answer: it is tried again. */
  write(epoch: Epoch, entries: readonly FeedEntry[]): Promise<void>
}
