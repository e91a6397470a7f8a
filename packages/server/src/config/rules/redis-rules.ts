import type { Path, Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'
import { isBundle } from './certificates.ts'

/** The schema says what a URL begins with; a password in it may still make the rest unreadable. */
export function checkRedis({ redis }: RawConfig, report: Reporter): void {
  if (redis === null) return
  const urls = redisUrls(redis)
  for (const { path, url } of urls) checkUrl(url, path, report)
  if (new Set(urls.map(({ url }) => url.startsWith('rediss:'))).size > 1) {
    const problem = 'some are redis:// and some rediss://'
    report.add(['redis'], problem, 'Write all of them with TLS, or none.')
  }
  if (typeof redis === 'string' || redis.ca === null || isBundle(redis.ca)) return
  const problem = 'it is not a certificate in PEM, or not one that can be read'
  report.add(['redis', 'ca'], problem, `Write \${file:/path/to/ca.pem}.`)
}

function checkUrl(text: string, path: Path, report: Reporter): void {
  // It may hold a password, so it is not shown.
  const fix = 'Write redis://user:password@host:port/database, with % before special characters.'
  const url = URL.parse(text)
  if (url === null || url.hostname === '' || !isEncoded(url.username + url.password)) {
    report.add(path, 'it is not a URL that can be read', fix)
  } else if (!/^\/?\d{0,4}$/.test(url.pathname)) {
    report.add(path, 'its path is not the number of a database', fix)
  } else if (path[1] !== 'url' && path.length > 1 && /[1-9]/.test(url.pathname)) {
    report.add(path, 'clusters and sentinels have one database only', 'Leave the path out.')
  }
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function redisUrls(
  redis: Exclude<RawConfig['redis'], null>,
): readonly { readonly path: Path; readonly url: string }[] {
  if (typeof redis === 'string') return [{ path: ['redis'], url: redis }]
  if ('url' in redis) return [{ path: ['redis', 'url'], url: redis.url }]
  if ('cluster' in redis) {
    return redis.cluster.map((url, index) => ({ path: ['redis', 'cluster', index], url }))
  }
  return redis.sentinel.nodes.map((url, index) => {
    return { path: ['redis', 'sentinel', 'nodes', index], url }
  })
}
