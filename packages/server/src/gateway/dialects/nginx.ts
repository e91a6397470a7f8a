import type { Dialect } from '../original-request.ts'

/** `$scheme://$host$request_uri`: split by hand, so that no URL parser tidies up the path before us. */
const originalUrl = /^(https?):\/\/([^/?#\\@\s]+)(\/.*)$/s

/** auth_request passes on nothing by itself; examples/nginx sets these two. */
export const nginx: Dialect = {
  mode: 'nginx',
  sources: ['x-original-url', 'x-original-method'],
  read: ([url = '', method = '']) => {
    const [, scheme, host, target] = originalUrl.exec(url) ?? []
    if (scheme === undefined || host === undefined || target === undefined) {
      return 'X-Original-URL must be $scheme://$host$request_uri'
    }
    return { method, scheme, host, target }
  },
}
