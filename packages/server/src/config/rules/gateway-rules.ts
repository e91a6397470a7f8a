import { hostPattern, isIpAddress } from '../addresses.ts'
import type { Path, Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'
import { reportUnknownProvider } from './role-rules.ts'
import { templateProblem } from './template-rules.ts'
import { isSameUrl, webUrlProblem } from './url-rules.ts'

type RawRule = RawConfig['gateway']['rules'][number]

export function checkGateway(config: RawConfig, report: Reporter): void {
  checkCookie(config, report)
  checkHeaders(config.gateway.headers, ['gateway', 'headers'], report)
  checkHosts(config.gateway.returnTo, ['gateway', 'returnTo'], report)
  for (const [index, rule] of config.gateway.rules.entries()) {
    const path: Path = ['gateway', 'rules', index]
    checkHosts(rule.hosts, [...path, 'hosts'], report)
    checkIdps(rule, config, path, report)
    checkShadow(rule, config.gateway.rules.slice(0, index), path, report)
    checkIssuers(rule, config, path, report)
    checkAudience(rule, config, path, report)
    if (rule.headers !== null) checkHeaders(rule.headers, [...path, 'headers'], report)
  }
}

/** Rule 28: a browser drops a cookie whose domain is not the host that sets it, or a parent of it. */
function checkCookie({ server, gateway }: RawConfig, report: Reporter): void {
  const url = URL.parse(server.publicUrl)
  if (url === null) return
  const path: Path = ['gateway', 'cookie']
  const { domain, sameSite } = gateway.cookie
  if (sameSite === 'none' && url.protocol !== 'https:') {
    const problem = 'browsers take SameSite=None over https alone'
    report.add([...path, 'sameSite'], problem, 'Use lax, or an https publicUrl.')
  }
  const problem = domain === null ? undefined : domainProblem(domain, url.hostname)
  if (problem !== undefined) {
    const fix = `Write a parent domain of ${url.hostname}, or leave it out: other hosts are then handed their own cookie.`
    report.add([...path, 'domain'], problem, fix)
  }
}

function domainProblem(domain: string, host: string): string | undefined {
  const name = domain.toLowerCase()
  if (/[*:]/.test(name)) return 'a cookie domain has no wildcard and no port'
  if (isIpAddress(name)) return 'a cookie domain is never an IP address'
  if (!name.includes('.') && name !== 'localhost') return `${name} is too wide for a cookie`
  if (host === name || host.endsWith(`.${name}`)) return undefined
  return `it does not cover ${host}, the host of publicUrl`
}

function checkHosts(hosts: readonly string[], path: Path, report: Reporter): void {
  for (const [index, host] of hosts.entries()) {
    if (hostPattern(host) !== undefined) continue
    report.add([...path, index], `${host} is no IPv6 address`, 'Write one such as [::1].')
  }
}

function checkHeaders(headers: Record<string, string>, path: Path, report: Reporter): void {
  const seen = new Set<string>()
  for (const [name, template] of Object.entries(headers)) {
    const problem = headerProblem(name, seen) ?? templateProblem(template, 'headers')
    seen.add(name.toLowerCase())
    if (problem !== undefined) {
      const fix =
        'Use uid, sid, device, roles, claims.NAME, accessToken, cookies, provider.accessToken or provider.idToken.'
      report.add([...path, name], problem, headerProblem(name, new Set()) ? 'Rename it.' : fix)
    }
  }
}

const hopByHop = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function headerProblem(name: string, seen: ReadonlySet<string>): string | undefined {
  if (name.includes('_'))
    return 'proxies take _ and - for the same, so it could be forged (rule 25)'
  if (hopByHop.has(name.toLowerCase())) return 'this header belongs to the connection'
  return seen.has(name.toLowerCase()) ? 'it stands there twice' : undefined
}

function checkIdps(rule: RawRule, config: RawConfig, path: Path, report: Reporter): void {
  const named: readonly (readonly [Path, string | null])[] = [
    [[...path, 'idp'], rule.idp],
    [[...path, 'require', 'idp'], typeof rule.require === 'string' ? null : rule.require.idp],
  ]
  for (const [place, idp] of named) {
    if (idp === null || config.identityProviders.some(({ id }) => id === idp)) continue
    reportUnknownProvider(place, idp, config.identityProviders, report)
  }
}

/** Rule 15: a token for the issuer would be good at Curfew itself. */
function checkAudience(
  { audience }: RawRule,
  { server }: RawConfig,
  path: Path,
  report: Reporter,
): void {
  if (audience === null || !isSameUrl(audience, server.publicUrl)) return
  const problem = "it is Curfew's own audience, which no application may be given a token for"
  report.add([...path, 'audience'], problem, "Write the application's origin or another name.")
}

/** The first match wins, so a rule after one with the same hosts and no conditions is never asked. */
function checkShadow(
  rule: RawRule,
  before: readonly RawRule[],
  path: Path,
  report: Reporter,
): void {
  const shadowed = rule.hosts.every((host) =>
    before.some(
      ({ hosts, paths, methods }) =>
        paths === null && methods === null && hosts.some((wide) => covers(wide, host)),
    ),
  )
  if (!shadowed) return
  const fix = 'Put it first, or remove it.'
  report.add(path, 'an earlier rule takes all requests for its hosts, so it is never asked', fix)
}

function covers(wide: string, host: string): boolean {
  const [a, b] = [wide.toLowerCase(), host.toLowerCase()]
  if (a === b) return true
  return a.startsWith('*.') && b.replace(/^\*/, '').endsWith(a.slice(1))
}

function checkIssuers(
  { bearer }: RawRule,
  { server }: RawConfig,
  path: Path,
  report: Reporter,
): void {
  if (typeof bearer === 'string') return
  for (const [index, { issuer }] of bearer.issuers.entries()) {
    const place = [...path, 'bearer', 'issuers', index, 'issuer']
    const problem = /[?#]/.test(issuer) ? 'it has a query or a fragment' : webUrlProblem(issuer)
    if (problem !== undefined) report.add(place, problem, 'Write an https URL.')
    if (!isSameUrl(issuer, server.publicUrl)) continue
    // As those of a stranger they would be verified without asking whether their session has ended.
    const own = "it is Curfew's own issuer, whose tokens die with their session"
    report.add(place, own, 'Write `bearer: curfew`.')
  }
}
