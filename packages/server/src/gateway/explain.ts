import type { Instant } from '#domain'
import { canonicalHost, canonicalTarget, formatHost } from './canonical.ts'
import { nameOf } from './decide.ts'
import { hostPatterns } from './hosts.ts'
import { ownStep } from './own-paths.ts'
import { PathIndex } from './path-index.ts'
import { compilePattern, segmentsOf } from './path-pattern.ts'
import { type Condition, type Subject, unmet } from './requirement.ts'
import { type Match, type Rule, type RuleBook, takesMethod } from './rules.ts'
import type { Requirement } from './settings.ts'

export interface ExplainOrder {
  readonly url: string
  readonly method: string
  /** Null: nobody is signed in. */
  readonly subject: Subject | null
  readonly prefix: string
  readonly now: Instant
}

/** `curfew explain URL --user UID` as data. */
export type Explanation =
  | { readonly kind: 'unreadable'; readonly why: string }
  | {
      readonly kind: 'explained'
      readonly method: string
      readonly host: string
      /** As the rules see it. */
      readonly path: string
      readonly suspicious: boolean
      readonly verdict: 'allow' | 'sign-in' | 'forbidden' | 'own'
      /** `gateway.rules[2]`, `the last resort`; null when no rule names the host. */
      readonly decidedBy: string | null
      readonly require: Requirement | null
      /** The condition that does not hold. */
      readonly unmet: Condition | null
      readonly why: string
      /** Rules for this host that come before the one that decides, and why they do not. */
      readonly passedOver: readonly PassedOver[]
    }

export interface PassedOver {
  readonly rule: string
  readonly because: 'method' | 'path' | 'suspicious path'
}

type Explained = Extract<Explanation, { kind: 'explained' }>

export function explain(book: RuleBook, order: ExplainOrder): Explanation {
  const [, authority = '', rest = ''] = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(order.url) ?? []
  const host = canonicalHost(authority)
  if (host === undefined) return unreadable('it has no host that rules could name')
  const target = canonicalTarget(latin1(rest.startsWith('/') ? rest : `/${rest}`))
  if (target === undefined) return unreadable('its path cannot be read')
  const { path, suspicious, query } = target
  const asked = { method: order.method, host, path, suspicious }
  const match = book.match(asked)
  const step = suspicious ? undefined : ownStep(order.prefix, path, query)
  const passedOver = passed(book, match, asked)
  const known = { method: order.method, host: formatHost(host), path, suspicious, passedOver }
  const own = step !== undefined && match.kind === 'rule'
  return { kind: 'explained', ...known, ...(own ? ownPath : judged(match, order)) }
}

/** What node:http would have read: a character for each byte. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function unreadable(why: string): Explanation {
  return { kind: 'unreadable', why: `the URL cannot be read: ${why}` }
}

type Judged = Pick<Explained, 'verdict' | 'decidedBy' | 'require' | 'unmet' | 'why'>

const ownPath: Judged = {
  verdict: 'own',
  decidedBy: null,
  require: null,
  unmet: null,
  why: 'Curfew answers this path itself (gateway.prefix)',
}

function judged(match: Match, order: ExplainOrder): Judged {
  if (match.kind === 'unknown-host') {
    const why = 'no rule names this host: add it to gateway.rules'
    return { verdict: 'forbidden', decidedBy: null, require: null, unmet: null, why }
  }
  const { rule } = match
  const found = { decidedBy: nameOf(rule), require: rule.require, unmet: null }
  if (match.kind === 'ambiguous-path') {
    const why = `the path may be read in two ways, and ${nameOf(rule)} would hold for one of them`
    return { ...found, verdict: 'forbidden', why }
  }
  if (rule.require.kind === 'none') {
    return { ...found, verdict: 'allow', why: 'it asks for nothing, and nobody is identified' }
  }
  if (order.subject === null) {
    return { ...found, verdict: 'sign-in', why: 'it asks for a session' }
  }
  const missing = unmet(rule.require, order.subject, order.now)
  if (missing === undefined) {
    return { ...found, verdict: 'allow', why: 'the session is what it asks for' }
  }
  const why = `it asks for ${missing}, which this session does not have`
  return { ...found, verdict: 'forbidden', unmet: missing, why }
}

interface Asked {
  readonly method: string
  readonly host: { readonly name: string; readonly port: number | null }
  readonly path: string
  readonly suspicious: boolean
}

function passed(book: RuleBook, match: Match, asked: Asked): PassedOver[] {
  if (match.kind === 'unknown-host') return []
  const patterns = new Set(hostPatterns(asked.host))
  return book.rules
    .filter(({ place, hosts }) => {
      return place < match.rule.place && hosts.some((host) => patterns.has(host.toLowerCase()))
    })
    .map((rule) => ({ rule: nameOf(rule), because: reasonFor(rule, asked) }))
}

function reasonFor(rule: Rule, { method, path, suspicious }: Asked): PassedOver['because'] {
  if (!takesMethod(rule, method)) return 'method'
  return suspicious && matchesPath(rule, path) ? 'suspicious path' : 'path'
}

function matchesPath(rule: Rule, path: string): boolean {
  if (rule.paths === null) return true
  const index = new PathIndex<Rule>()
  for (const pattern of rule.paths) index.add(compilePattern(pattern), rule)
  return index.first(segmentsOf(path), Number.POSITIVE_INFINITY, () => true) !== undefined
}
