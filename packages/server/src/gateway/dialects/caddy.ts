import type { Dialect } from '../original-request.ts'
import { forwardedSources, readForwarded } from './forwarded-set.ts'

/** Caddy's forward_auth sets X-Forwarded-Method and -Uri, its reverse proxy X-Forwarded-Proto and -Host. */
export const caddy: Dialect = {
  mode: 'caddy',
  sources: forwardedSources,
  read: readForwarded,
}
