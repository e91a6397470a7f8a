import { type CanonicalHost, formatHost } from './canonical.ts'
import { type CompiledHeaders, compileHeaders, HeaderAliases } from './headers.ts'
import { HostSet, hostPatterns } from './hosts.ts'
import { PathIndex } from './path-index.ts'
import { compilePattern, type Step, segmentsOf } from './path-pattern.ts'
import type { BearerPolicy, GatewaySettings, Requirement, RuleSettings } from './settings.ts'

/** A rule, compiled. `place` is its number in the configuration; the last resort has the highest. */
export interface Rule {
  readonly place: number
  readonly lastResort: boolean
  readonly hosts: readonly string[]
  readonly paths: readonly string[] | null
  readonly methods: readonly string[] | null
  readonly require: Requirement
  readonly idp: string | null
  readonly bearer: BearerPolicy
  readonly audience: string | null
  readonly headers: CompiledHeaders
  readonly preflight: 'allow' | 'deny'
}

export type Match =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'unknown-host' }
  /** The path may be read in two ways, and `rule` would apply to one of them. */
  | { readonly kind: 'ambiguous-path'; readonly rule: Rule }

/** What of a request rules look at. */
export interface Asked {
  readonly method: string
  readonly host: CanonicalHost
  readonly path: string
  readonly suspicious: boolean
}

/** The rules of one host, in order. */
interface HostRules {
  readonly pathless: readonly Rule[]
  /** Those with paths that ask for something. */
  readonly guarded: readonly Rule[]
  readonly index: PathIndex<Rule>
}

/** Host texts come from outside, so what is remembered of them has a limit. */
const hostsRememberedMax = 4096

export class RuleBook {
  readonly rules: readonly Rule[]
  readonly lastResort: Rule
  /** Every configured header, of every rule: what a client may not imitate. */
  readonly aliases: HeaderAliases
  /** The hosts of all rules. */
  readonly hosts: HostSet
  readonly #byPattern: ReadonlyMap<string, readonly Rule[]>
  readonly #steps: ReadonlyMap<Rule, readonly (readonly Step[])[]>
  readonly #byPatterns = new Map<string, HostRules>()
  readonly #byHost = new Map<string, HostRules | undefined>()

  /** @throws HeaderError, PatternError naming the rule's mistake */
  constructor(settings: Pick<GatewaySettings, 'rules' | 'headers'>) {
    const headers = compileHeaders(settings.headers)
    this.rules = settings.rules.map((rule, place) => compileRule(rule, place, headers))
    this.lastResort = lastResort(settings.rules.length, headers)
    this.hosts = new HostSet(settings.rules.flatMap((rule) => rule.hosts))
    this.aliases = new HeaderAliases(
      [this.lastResort, ...this.rules].flatMap((rule) => rule.headers.list.map(({ name }) => name)),
    )
    this.#byPattern = byPattern(this.rules)
    this.#steps = new Map(
      this.rules.map((rule) => [rule, (rule.paths ?? []).map((path) => compilePattern(path))]),
    )
  }

  /** The first rule that matches; on a known host the last resort, if none does. */
  match(asked: Asked): Match {
    const own = this.#ofHost(asked.host)
    if (own === undefined) return { kind: 'unknown-host' }
    return asked.suspicious ? this.#matchAnyPath(own, asked) : this.#matchPath(own, asked)
  }

  #matchPath(own: HostRules, { method, path }: Asked): Match {
    const wanted = (rule: Rule) => takesMethod(rule, method)
    const pathless = own.pathless.find(wanted) ?? this.lastResort
    if (own.index.empty) return { kind: 'rule', rule: pathless }
    const found = own.index.first(segmentsOf(path), pathless.place, wanted)
    return { kind: 'rule', rule: found ?? pathless }
  }

  /**
   * A path that two readers may read differently is decided as if it were any path: no rule that asks
   * for nothing takes it, and where some path of the host asks for something of its own, nobody can say
   * whether this is that path: it is refused. Elsewhere the rule for the whole host decides.
   */
  #matchAnyPath(own: HostRules, { method }: Asked): Match {
    const asks = (rule: Rule) => rule.require.kind !== 'none' && takesMethod(rule, method)
    const pathless = own.pathless.find(asks) ?? this.lastResort
    const guarded = own.guarded.find((rule) => rule.place < pathless.place && asks(rule))
    if (guarded !== undefined) return { kind: 'ambiguous-path', rule: guarded }
    return { kind: 'rule', rule: pathless }
  }

  #ofHost(host: CanonicalHost): HostRules | undefined {
    const text = formatHost(host)
    if (this.#byHost.has(text)) return this.#byHost.get(text)
    const patterns = hostPatterns(host).filter((pattern) => this.#byPattern.has(pattern))
    const found = patterns.length === 0 ? undefined : this.#ofPatterns(patterns)
    if (this.#byHost.size >= hostsRememberedMax) this.#byHost.clear()
    this.#byHost.set(text, found)
    return found
  }

  #ofPatterns(patterns: readonly string[]): HostRules {
    const key = patterns.join(' ')
    const known = this.#byPatterns.get(key)
    if (known !== undefined) return known
    const made = this.#build(patterns)
    this.#byPatterns.set(key, made)
    return made
  }

  #build(patterns: readonly string[]): HostRules {
    const all = new Set(patterns.flatMap((pattern) => this.#byPattern.get(pattern) ?? []))
    const rules = [...all].sort((a, b) => a.place - b.place)
    const index = new PathIndex<Rule>()
    for (const rule of rules) {
      for (const steps of this.#steps.get(rule) ?? []) index.add(steps, rule)
    }
    return {
      pathless: rules.filter((rule) => rule.paths === null),
      guarded: rules.filter((rule) => rule.paths !== null && rule.require.kind !== 'none'),
      index,
    }
  }
}

/** The audience of the access token in a rule's headers. */
export function audienceOf(rule: Rule, origin: string): string {
  return rule.audience ?? origin
}

/** Applications run what is behind GET for HEAD as well (RFC 9110, section 9.3.2), so one guards both. */
export function takesMethod({ methods }: Rule, method: string): boolean {
  if (methods === null || methods.includes(method)) return true
  return method === 'HEAD' && methods.includes('GET')
}

function compileRule(settings: RuleSettings, place: number, common: CompiledHeaders): Rule {
  const headers = settings.headers === null ? common : compileHeaders(settings.headers)
  return { ...settings, place, lastResort: false, headers }
}

function lastResort(place: number, headers: CompiledHeaders): Rule {
  return {
    place,
    lastResort: true,
    hosts: [],
    paths: null,
    methods: null,
    require: { kind: 'session' },
    idp: null,
    bearer: { kind: 'curfew' },
    audience: null,
    headers,
    preflight: 'allow',
  }
}

function byPattern(rules: readonly Rule[]): Map<string, Rule[]> {
  const found = new Map<string, Rule[]>()
  for (const rule of rules) {
    for (const host of rule.hosts) {
      const pattern = host.toLowerCase()
      const held = found.get(pattern)
      if (held === undefined) found.set(pattern, [rule])
      else held.push(rule)
    }
  }
  return found
}
