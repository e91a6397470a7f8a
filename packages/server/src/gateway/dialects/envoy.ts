import type { Dialect } from '../original-request.ts'

/**
 * Envoy's ext_authz over HTTP repeats the request itself: its method, its host, and its path below
 * `path_prefix`. It says no scheme, so that of publicUrl is taken.
 */
export const envoy: Dialect = {
  mode: 'envoy',
  sources: ['host'],
  read: ([host = ''], { method, below, scheme }) => {
    if (!below.startsWith('/')) return 'mode envoy needs path_prefix: /forward-auth in ext_authz'
    return { method, scheme, host, target: below }
  },
}
