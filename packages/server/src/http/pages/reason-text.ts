import { foreign } from './foreign.ts'
import type { Html } from './html.ts'
import type { KnownReason, Texts } from './texts.ts'

/** Why a session ended, in a sentence. */
export function reasonText(reason: string, { reasons, otherReason }: Texts): Html | string {
  return Object.hasOwn(reasons, reason)
    ? reasons[reason as KnownReason]
    : otherReason(foreign(reason))
}
