import type { Dialect } from '../original-request.ts'
import { forwardedSources, readForwarded } from './forwarded-set.ts'

/** No mode was named: the X-Forwarded-* set, all four of it. */
export const forwarded: Dialect = {
  mode: 'forwarded',
  sources: forwardedSources,
  read: readForwarded,
}
