import { createHash } from 'node:crypto'
import {
  type Clock,
  type Delivery,
  describeSession,
  type LeasedEffect,
  type SessionDescription,
} from '#authority'
import { type Secret, toSeconds } from '#domain'
import type { Deliver } from './courier.ts'
import type { Post, Posted } from './post.ts'
import { signatureOf } from './signature.ts'

export interface Webhook {
  readonly url: string
  /** The first is the newest; all of them sign. */
  readonly secrets: readonly Secret[]
}

/** What a webhook is called in the outbox, in lists and in logs: its URL may hold what nobody should read. */
export function webhookTarget(url: string): string {
  return `wh_${createHash('sha256').update(url).digest('base64url').slice(0, 12)}`
}

/** Sends one event after the Standard Webhooks specification. */
export function createWebhook(
  { url, secrets }: Webhook,
  { post, clock }: { readonly post: Post; readonly clock: Pick<Clock, 'now'> },
): Deliver {
  return async (effect, signal) => {
    const message = messageOf(effect)
    if (message === undefined) {
      return { kind: 'refused', why: 'the session is not kept any more' }
    }
    const timestamp = toSeconds(clock.now())
    const { id, body } = message
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'curfew',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf(secrets, { id, timestamp, body }),
    }
    return judge(await post({ url, headers, body, signal }), clock)
  }
}

/** The same at every attempt, so that a receiver can tell a repetition by its id. */
function messageOf(
  effect: LeasedEffect,
): { readonly id: string; readonly body: string } | undefined {
  const data = dataOf(effect)
  if (data === undefined) return undefined
  const { sid, event } = effect
  const happenedAt = data.revoked_at ?? data.created_at
  const timestamp = new Date(happenedAt * 1000).toISOString()
  const body = JSON.stringify({ type: event, timestamp, data })
  return { id: `msg_${sid}_${event.slice(event.indexOf('.') + 1)}`, body }
}

function dataOf({ payload, session }: LeasedEffect): SessionDescription | undefined {
  if (payload !== null) return JSON.parse(payload) as SessionDescription
  return session === undefined ? undefined : describeSession(session)
}

function judge(posted: Posted, clock: Pick<Clock, 'now'>): Delivery {
  if (posted.kind === 'silent') return { kind: 'failed', why: posted.why, retryAfterMs: null }
  const { status, retryAfter } = posted
  if (status >= 200 && status < 300) return { kind: 'done' }
  // The receiver says that it wants no more of these.
  if (status === 410) return { kind: 'refused', why: 'status 410' }
  const redirected = status >= 300 && status < 400
  const why = redirected ? `status ${status}: redirects are not followed` : `status ${status}`
  return { kind: 'failed', why, retryAfterMs: waitOf(retryAfter, clock) }
}

/** Seconds or a date (RFC 9110, section 10.2.3). */
function waitOf(text: string | undefined, clock: Pick<Clock, 'now'>): number | null {
  if (text === undefined) return null
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? null : Math.max(0, date - clock.now())
}
