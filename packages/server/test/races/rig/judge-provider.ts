/* one-grant: for one version of a provider's refresh token at most one grant is in flight. */
import type { Grant } from './history.ts'
import type { Violation } from './judge.ts'

/**
 * A second grant with the same token comes only after a fault that the provider itself reported, or when
 * the lease of a silent sender has run out.
 */
export function judgeGrants(
  grants: readonly Grant[],
  silentGrantMs: number | undefined,
): readonly Violation[] {
  if (silentGrantMs === undefined) return []
  const byToken = Map.groupBy(grants, ({ token }) => token)
  return [...byToken.values()].flatMap((ofOne) => {
    const inOrder = ofOne.toSorted((one, other) => one.from - other.from)
    return inOrder.flatMap((grant, index): readonly Violation[] => {
      const before = inOrder[index - 1]
      if (before === undefined || mayFollow(before, grant, silentGrantMs)) return []
      const gap = (grant.from - before.from).toFixed(0)
      const why = `${grant.subject}: two grants with one token, ${gap} ms apart; the first one ${before.outcome}`
      return [{ kind: 'two-grants', about: `main:${grant.subject}`, why }]
    })
  })
}

function mayFollow(before: Grant, grant: Grant, silentGrantMs: number): boolean {
  if (before.outcome === 'fault' && before.till <= grant.from) return true
  return grant.from - before.from >= silentGrantMs
}
