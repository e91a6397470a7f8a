import type { SessionItem } from '../api/shapes.ts'
import { isAlarming, reasonWords } from '../words/reasons.ts'
import { exact } from '../words/time.ts'

/** Live, or why it ended; colour never says it alone. */
export function StateMark({ item }: { readonly item: SessionItem }) {
  const { revoked_at: at, revoked_reason: reason } = item
  if (at === null) {
    return (
      <span class="mark live">
        <i aria-hidden="true" />
        Live
      </span>
    )
  }
  const words = reasonWords(reason ?? 'ended')
  return (
    <span
      class={`mark ${isAlarming(reason ?? '') ? 'bad' : 'quiet'}`}
      title={`${reason}, ${exact(at)}`}
    >
      <i aria-hidden="true" />
      <span class="clip">{words}</span>
    </span>
  )
}
