import { now } from '../clock.ts'
import { ago, ahead, exact } from '../words/time.ts'

/** How long ago, or in how long; the exact time on hover and for machines. */
export function Time({ at }: { readonly at: number }) {
  const words = at > now.value + 2 ? ahead(at, now.value) : ago(at, now.value)
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exact(at)}>
      {words}
    </time>
  )
}
