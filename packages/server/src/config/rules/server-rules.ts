import { isLoopback, parseCidr, parseListen } from '../addresses.ts'
import { durationMs } from '../durations.ts'
import type { Path, Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'
import { parseUrl } from './url-rules.ts'

export function checkServer(config: RawConfig, report: Reporter): void {
  checkPublicUrl(config.server.publicUrl, report)
  checkListeners(config, report)
  checkProcess(config, report)
  for (const [index, proxy] of config.server.trustedProxies.entries()) {
    if (parseCidr(proxy) === undefined) {
      const problem = `${JSON.stringify(proxy)} is neither an address nor a CIDR`
      report.add(['server', 'trustedProxies', index], problem, 'Write 10.0.0.1 or 10.0.0.0/8.')
    }
  }
}

function checkProcess(config: RawConfig, report: Reporter): void {
  if (durationMs(config.server.shutdownDelay) > 600_000) {
    report.add(['server', 'shutdownDelay'], 'it is longer than 10m', 'Write 10m or less.')
  }
  if (config.store === 'sqlite::memory:') {
    const problem = 'it would forget every session and every end at a restart'
    report.add(['store'], problem, 'Write sqlite: and a path.')
  }
  if (config.server.workers > 1 && config.store.startsWith('sqlite:')) {
    const fix = 'Set workers to 1, or store to postgres://….'
    report.add(['server', 'workers'], 'SQLite has one process as its writer (rule 36)', fix)
  }
}

function checkPublicUrl(text: string, report: Reporter): void {
  const path: Path = ['server', 'publicUrl']
  const problem = publicUrlProblem(text)
  if (problem !== undefined) {
    report.add(path, problem, 'Write a URL such as https://auth.example.com.')
  }
}

function publicUrlProblem(text: string): string | undefined {
  const url = parseUrl(text)
  if (url === null) return 'it is not a URL'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'it is neither https nor http'
  if (url.username !== '' || url.password !== '') return 'it holds a user name or password'
  // "?" and "#" count even when nothing follows them.
  if (/[?#]/.test(text)) return 'it has a query or a fragment'
  if (url.pathname.includes('//')) return 'its path has an empty segment'
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return 'it is http, which only a loopback host may be'
  }
  return undefined
}

function checkListeners(config: RawConfig, report: Reporter): void {
  const { listen, metricsListen, adminListen } = config.server
  const listeners: readonly (readonly [Path, string | null])[] = [
    [['server', 'listen'], listen],
    [['server', 'metricsListen'], metricsListen],
    [['server', 'adminListen'], adminListen],
    [['gateway', 'listen'], config.gateway.listen],
  ]
  const seen = new Set<string>()
  for (const [path, text] of listeners) {
    if (text === null) continue
    const address = parseListen(text)
    const fix = 'Write an address such as 127.0.0.1:4455 or [::1]:4455.'
    if (address === undefined) {
      report.add(path, `${JSON.stringify(text)} is not an address and a port`, fix)
    } else if (address.port !== 0 && seen.has(text)) {
      report.add(path, `another listener has ${text} already`, 'Give it another port.')
    }
    seen.add(text)
  }
}
