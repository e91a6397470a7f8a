import type { End, Instant } from '#domain'
import type { ProofFault, Shown } from './credential.ts'
import { isNavigation, isPreflight } from './navigation.ts'
import type { OriginalRequest } from './original-request.ts'
import { type OwnStep, ownStep } from './own-paths.ts'
import { type Condition, type Subject, unmet } from './requirement.ts'
import type { Match, Rule } from './rules.ts'
import { signInUrl } from './sign-in-url.ts'

/** What forward auth concludes. Only the literal `allow` and `preflight` become 200. */
export type Verdict =
  /** `subject` is null for `require: none`, which judges no credentials. */
  | { readonly kind: 'allow'; readonly rule: Rule; readonly subject: Subject | null }
  | { readonly kind: 'preflight'; readonly rule: Rule }
  | { readonly kind: 'sign-in'; readonly location: string }
  | Unauthenticated
  | Forbidden
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }
  /** A path of ours on the application's host; the HTTP room carries it out. */
  | { readonly kind: 'own'; readonly step: OwnStep }

export interface Unauthenticated {
  readonly kind: 'unauthenticated'
  readonly why: 'no_credential' | 'bad_token' | 'session_ended' | 'identity_lapsed'
  readonly end: End | null
  /** Undefined: it is not about a proof. */
  readonly proof?: ProofFault | undefined
  readonly loginUrl: string
}

export type ForbiddenCode =
  | 'unknown_host'
  | 'ambiguous_path'
  | 'preflight_denied'
  | 'several_credentials'
  | 'condition'
  | 'bad_ticket'
  | 'unknown_own_path'

export interface Forbidden {
  readonly kind: 'forbidden'
  readonly why: ForbiddenCode
  readonly condition: Condition | null
  /** For the log: which, and how to mend it. */
  readonly hint: string
}

export interface DecideOptions {
  readonly publicUrl: string
  readonly prefix: string
}

/** What needs no credential to be known; `undefined`: look at the credential, then `decideShown`. */
export function decideEarly(
  request: OriginalRequest,
  match: Match,
  { prefix }: DecideOptions,
): Verdict | undefined {
  if (match.kind !== 'rule') return refusedMatch(request, match)
  const { rule } = match
  const step = request.suspicious ? undefined : ownStep(prefix, request.path, request.query)
  if (step !== undefined) return { kind: 'own', step }
  if (rule.require.kind === 'none') return { kind: 'allow', rule, subject: null }
  if (!isPreflight(request)) return undefined
  if (rule.preflight === 'allow') return { kind: 'preflight', rule }
  return forbidden('preflight_denied', `${nameOf(rule)} says preflight: deny`)
}

/** What the credential shows, judged by the rule. */
export function decideShown(
  request: OriginalRequest,
  rule: Rule,
  shown: Shown,
  around: DecideOptions & { readonly now: Instant },
): Verdict {
  switch (shown.kind) {
    case 'none':
      return unproven({ request, rule, publicUrl: around.publicUrl, why: 'no_credential' })
    case 'invalid':
      return unproven({
        ...{ request, rule, publicUrl: around.publicUrl },
        why: shown.via === 'bearer' ? 'bad_token' : 'no_credential',
        bearer: shown.via === 'bearer',
        proof: shown.proof,
      })
    case 'ended':
      return unproven({
        ...{ request, rule, publicUrl: around.publicUrl },
        ...{ why: 'session_ended', bearer: shown.via === 'bearer', end: shown.end },
      })
    case 'several':
      return forbidden(
        'several_credentials',
        'the request has credentials of different sessions (rule 16); is a cookie or a token left over?',
      )
    case 'unavailable':
      return { kind: 'unavailable', retryAfterSeconds: shown.retryAfterSeconds }
    case 'live':
      return decideLive(request, rule, shown, around)
    default:
      return shown satisfies never
  }
}

function decideLive(
  request: OriginalRequest,
  rule: Rule,
  shown: Extract<Shown, { kind: 'live' }>,
  { publicUrl, now }: DecideOptions & { readonly now: Instant },
): Verdict {
  const bearer = shown.via === 'bearer'
  switch (shown.identity) {
    case 'unavailable':
      return { kind: 'unavailable', retryAfterSeconds: 5 }
    case 'lapsed':
      return unproven({ request, rule, publicUrl, why: 'identity_lapsed', bearer })
    case 'good': {
      const condition = unmet(rule.require, shown.subject, now)
      if (condition === undefined) return { kind: 'allow', rule, subject: shown.subject }
      const hint = `${nameOf(rule)} asks for ${condition}, which this session does not have`
      return { ...forbidden('condition', hint), condition }
    }
    default:
      return shown.identity satisfies never
  }
}

interface Unproven {
  readonly request: OriginalRequest
  readonly rule: Rule
  readonly publicUrl: string
  readonly why: Unauthenticated['why']
  /** It was a bearer token: whoever sends one is no page, and never redirected. */
  readonly bearer?: boolean
  readonly end?: End | null
  readonly proof?: ProofFault | undefined
}

function unproven({
  request,
  rule,
  publicUrl,
  why,
  bearer = false,
  end = null,
  proof,
}: Unproven): Verdict {
  const { idp } = rule
  const { origin } = request
  if (!bearer && isNavigation(request)) {
    return {
      kind: 'sign-in',
      location: signInUrl({ publicUrl, idp, origin, target: request.target }),
    }
  }
  const loginUrl = signInUrl({ publicUrl, idp, origin, target: '/' })
  const shared = { kind: 'unauthenticated', why, end, loginUrl } as const
  return proof === undefined ? shared : { ...shared, proof }
}

function refusedMatch(
  request: OriginalRequest,
  match: Exclude<Match, { kind: 'rule' }>,
): Forbidden {
  if (match.kind === 'unknown-host') {
    const hint = `no rule names the host ${request.host.name}; add it to gateway.rules`
    return forbidden('unknown_host', hint)
  }
  return forbidden(
    'ambiguous_path',
    `the path may be read as one that ${nameOf(match.rule)} guards (dot segments, //, ;, \\ or encoded ones of them); let the proxy or the client send it plainly`,
  )
}

function forbidden(why: ForbiddenCode, hint: string): Forbidden {
  return { kind: 'forbidden', why, condition: null, hint }
}

/** As people find it in the configuration. */
export function nameOf(rule: Rule): string {
  return rule.lastResort ? 'the last resort' : `gateway.rules[${rule.place}]`
}
