/* Is everybody who must know of an end up to date? The one question of the view, answered in one line. */
import type { Followers } from '../api/shapes.ts'

/** One that was not heard of for so long is away, however far it had read. */
export const silentAfterSeconds = 90
/** A page of the feed that is being read at this moment is no lag. */
const behindTolerated = 0

export interface Standing {
  readonly name: string
  readonly kind: 'replica' | 'verifier'
  readonly state: 'current' | 'behind' | 'silent' | 'unknown' | 'unready'
  readonly behind: number | null
}

export interface Verdict {
  readonly tone: 'good' | 'warning' | 'bad' | 'quiet'
  readonly title: string
  readonly late: readonly Standing[]
}

export function standingsOf({ now, replicas, verifiers }: Followers): Standing[] {
  return [
    ...verifiers.map((one) => ({
      ...({ name: one.client_id, kind: 'verifier', behind: one.behind } as const),
      state: stateOf(one, now),
    })),
    ...replicas.map((one) => ({
      ...({ name: one.host, kind: 'replica', behind: one.behind } as const),
      state: one.ready ? stateOf(one, now) : ('unready' as const),
    })),
  ]
}

export function stateOf(
  one: { readonly behind: number | null; readonly seen_at: number },
  now: number,
): Standing['state'] {
  if (now - one.seen_at > silentAfterSeconds) return 'silent'
  if (one.behind === null) return 'unknown'
  return one.behind > behindTolerated ? 'behind' : 'current'
}

export function verdictOf(followers: Followers): Verdict {
  const standings = standingsOf(followers)
  const late = standings.filter((one) => one.state !== 'current' && one.state !== 'unknown')
  const verifiers = followers.verifiers.length
  const [first] = late
  if (first !== undefined) {
    const others = late.length === 1 ? '' : ` and ${late.length - 1} more`
    const tone = late.some((one) => one.state !== 'behind') ? 'bad' : 'warning'
    return { tone, title: `${first.name} ${lateWords(first)}${others}`, late }
  }
  if (verifiers === 0) return { tone: 'quiet', title: 'No verifier reads the feed', late }
  if (standings.some((one) => one.state === 'unknown')) {
    return { tone: 'quiet', title: 'How far some verifiers have read is not known', late }
  }
  return {
    tone: 'good',
    title: verifiers === 1 ? 'The verifier is current' : `All ${verifiers} verifiers are current`,
    late,
  }
}

function lateWords({ state, behind }: Standing): string {
  if (state === 'silent') return 'has gone silent'
  if (state === 'unready') return 'is not ready'
  return `is ${behind} ${behind === 1 ? 'end' : 'ends'} behind`
}
