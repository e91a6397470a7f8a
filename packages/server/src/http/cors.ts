import type { FastifyCorsOptions } from '@fastify/cors'

/**
 * Browsers of other origins may call with tokens in headers. Never with credentials: no answer here
 * depends on a cookie, and so `*` is harmless where a deployment says it.
 */
export function corsOptions(origins: () => ReadonlySet<string>): FastifyCorsOptions {
  return {
    origin: (origin, done) => {
      const allowed = origins()
      if (origin === undefined) done(null, false)
      else if (allowed.has('*')) done(null, '*')
      else done(null, allowed.has(origin) ? origin : false)
    },
    credentials: false,
    strictPreflight: false,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    exposedHeaders: [
      ...['Curfew-Cursor', 'Curfew-More', 'Curfew-Reset', 'Curfew-Now'],
      ...['ETag', 'Retry-After', 'WWW-Authenticate', 'DPoP-Nonce'],
    ],
    maxAge: 600,
  }
}
