import type { Dialect } from '../original-request.ts'
import { forwardedSources, readForwarded } from './forwarded-set.ts'

/** HAProxy has no forward auth of its own: examples/haproxy/curfew.lua asks, and sets all four. */
export const haproxy: Dialect = {
  mode: 'haproxy',
  sources: forwardedSources,
  read: readForwarded,
}
