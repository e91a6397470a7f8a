import type { FollowersPage, Verifier } from '#authority'
import { type FeedCursor, formatCursor, toSeconds } from '#domain'

/** Replicas, and who reads the feed at any of them. */
export function followersJson({ head, now, replicas }: FollowersPage) {
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
      ...standing(head, replica.cursor),
      lag_ms: replica.lagMs,
      ready: replica.ready,
      streams: replica.streams,
    })),
    verifiers: latest(replicas.flatMap(({ verifiers }) => verifiers)).map((verifier) => ({
      client_id: verifier.clientId,
      address: verifier.address,
      user_agent: verifier.userAgent,
      via: verifier.via,
      ...standing(head, verifier.cursor),
      seen_at: toSeconds(verifier.seenAt),
    })),
  }
}

/** `behind`: ends that were not read yet; null in an epoch that is not the feed's. */
function standing(head: FeedCursor, cursor: FeedCursor | null) {
  const same = cursor !== null && cursor.epoch === head.epoch
  return {
    cursor: cursor === null ? null : formatCursor(cursor),
    behind: same ? Math.max(0, head.seq - cursor.seq) : null,
  }
}

/** One that pulls comes to any replica; each of its streams is one of its own. */
function latest(verifiers: readonly Verifier[]): readonly Verifier[] {
  const pullers = new Map<string, Verifier>()
  for (const one of verifiers.filter(({ via }) => via === 'pull')) {
    const key = JSON.stringify([one.clientId, one.address, one.userAgent])
    const known = pullers.get(key)
    if (known === undefined || known.seenAt < one.seenAt) pullers.set(key, one)
  }
  return [...pullers.values(), ...verifiers.filter(({ via }) => via === 'stream')]
}
