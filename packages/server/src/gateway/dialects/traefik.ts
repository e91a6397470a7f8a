import type { Dialect } from '../original-request.ts'
import { forwardedSources, readForwarded } from './forwarded-set.ts'

/**
 * Traefik's forwardAuth sets all four by itself; what a client sent of them is replaced unless
 * `trustForwardHeader` says otherwise (leave it out). The sub-request is always a GET.
 */
export const traefik: Dialect = {
  mode: 'traefik',
  sources: forwardedSources,
  read: readForwarded,
}
