import type { FollowersPage, Verifier } from '#authority'
import { type FeedCursor, formatCursor, toSeconds } from '#domain'

/** Replicas, and who reads the feed at any of them. */
export function followersJson({ head, unreported, now, replicas }: FollowersPage) {
  const due = { ...head, seq: head.seq - unreported }
  return {
    head: formatCursor(head),
    now: toSeconds(now),
    replicas: replicas.map((replica) => ({
      id: replica.id,
      host: replica.host,
      pid: replica.pid,
      worker: replica.worker,
      version: replica.version,
      started_at: toSeconds(replica.startedAt),
      seen_at: toSeconds(replica.seenAt),
      ...standing(due, replica.cursor),
      lag_ms: replica.lagMs,
      ready: replica.ready,
      streams: replica.streams,
    })),
    verifiers: latest(replicas.flatMap(({ verifiers }) => verifiers)).map((verifier) => ({
      client_id: verifier.clientId,
      address: verifier.address,
      user_agent: verifier.userAgent,
      via: verifier.via,
      ...standing(due, verifier.cursor),
      seen_at: toSeconds(verifier.seenAt),
    })),
  }
}

/** `behind`: ends that should have been read by now; null in an epoch that is not the feed's. */
function standing(due: FeedCursor, cursor: FeedCursor | null) {
  const same = cursor !== null && cursor.epoch === due.epoch
  return {
    cursor: cursor === null ? null : formatCursor(cursor),
    behind: same ? Math.max(0, due.seq - cursor.seq) : null,
  }
}

/**
 * One that pulls comes to any replica; each of its streams is one of its own. Whoever streams pulls now and
 * then as well, to be sure: how far it has read, its stream knows better.
 */
function latest(verifiers: readonly Verifier[]): readonly Verifier[] {
  const streams = verifiers.filter(({ via }) => via === 'stream')
  const streaming = new Set(streams.map(readerKey))
  const pullers = new Map<string, Verifier>()
  for (const one of verifiers.filter(({ via }) => via === 'pull')) {
    const key = readerKey(one)
    const known = pullers.get(key)
    if (streaming.has(key)) continue
    if (known === undefined || known.seenAt < one.seenAt) pullers.set(key, one)
  }
  return [...pullers.values(), ...streams]
}

function readerKey({ clientId, address, userAgent }: Verifier): string {
  return JSON.stringify([clientId, address, userAgent])
}
