import { KeyMissing, StoreUnavailable } from '#authority'
import type { Instant } from '#domain'
import { type Credential, type Credentials, combine, type Presentation } from './credential.ts'
import { type DecideOptions, decideShown, type Verdict } from './decide.ts'
import type { HeaderNeeds } from './headers.ts'
import type { OriginalRequest } from './original-request.ts'
import { holdsUntil, type Subject } from './requirement.ts'
import { audienceOf, type Rule } from './rules.ts'
import { noValues, type TemplateValues } from './templates.ts'

/** What the slow path needs of other rooms; main joins it. */
export interface CheckPorts {
  now(): Instant
  /**
   * What one credential shows, from a snapshot that may still be used or from the row; provider refresh
   * included. A rule whose `bearer` names issuers is asked for `foreign` ones. The request has the proof of
   * a token that is bound to a key.
   *
   * @throws StoreUnavailable, KeyMissing
   */
  present(credential: Credential, rule: Rule, request: OriginalRequest): Promise<Presentation>
  /** Mints and unseals what headers need (rules 4 and 15). `unavailable`: 503. */
  fetch(order: FetchOrder): Promise<FetchedValues | 'unavailable'>
  /** Something was thrown that nobody expected. The request is 503. */
  failed(error: unknown): void
}

export interface FetchOrder {
  readonly subject: Subject
  readonly needs: HeaderNeeds
  /** Of the access token; Curfew's own API never accepts it (rule 15). */
  readonly audience: string
}

export interface FetchedValues {
  readonly accessToken: string | null
  readonly providerAccessToken: string | null
  readonly providerIdToken: string | null
  /** In milliseconds: until then these are fresh enough (half the life of a token that was minted). */
  readonly goodUntil: number
}

export interface Checked {
  readonly verdict: Verdict
  /** With `allow` and a subject only; `cookies` is still missing. */
  readonly granted: Granted | null
}

export interface Granted {
  readonly values: TemplateValues
  readonly version: number
  readonly goodUntil: number
}

export interface CheckRequest {
  readonly request: OriginalRequest
  readonly rule: Rule
  readonly credentials: Credentials
}

const retryAfterSeconds = 1

/** Everything that needs I/O. Never throws: what goes wrong is 503, and no session is touched. */
export async function check(
  asked: CheckRequest,
  ports: CheckPorts,
  options: DecideOptions,
): Promise<Checked> {
  try {
    return await checkOnce(asked, ports, options)
  } catch (error) {
    // Deny by default: nothing was concluded, so nothing is said but "not now".
    if (!(error instanceof StoreUnavailable || error instanceof KeyMissing)) ports.failed(error)
    return unavailable
  }
}

export const unavailable: Checked = {
  verdict: { kind: 'unavailable', retryAfterSeconds },
  granted: null,
}

async function checkOnce(
  { request, rule, credentials }: CheckRequest,
  ports: CheckPorts,
  options: DecideOptions,
): Promise<Checked> {
  const shown = await show({ request, rule, credentials }, ports)
  const verdict = decideShown(request, rule, shown, { ...options, now: ports.now() })
  if (verdict.kind !== 'allow' || shown.kind !== 'live') return { verdict, granted: null }
  const { subject, version } = shown
  const audience = audienceOf(rule, request.origin)
  const { needs } = rule.headers
  const fetched = await fetchFor({ subject, needs, audience }, ports)
  if (fetched === 'unavailable') return unavailable
  const goodUntil = Math.min(
    ...[shown.goodUntil, fetched.goodUntil, holdsUntil(rule.require, subject)],
  )
  return { verdict, granted: { values: valuesOf(subject, fetched), version, goodUntil } }
}

async function show({ request, rule, credentials }: CheckRequest, ports: CheckPorts) {
  switch (credentials.kind) {
    case 'none':
      return combine([])
    case 'bad-bearer':
      return combine([{ kind: 'invalid', via: 'bearer' }])
    case 'too-many':
      return { kind: 'several' } as const
    case 'some':
      return combine(
        await Promise.all(
          credentials.list.map((credential) => ports.present(credential, rule, request)),
        ),
      )
    default:
      return credentials satisfies never
  }
}

const nothingFetched: FetchedValues = {
  accessToken: null,
  providerAccessToken: null,
  providerIdToken: null,
  goodUntil: Number.POSITIVE_INFINITY,
}

async function fetchFor(
  order: FetchOrder,
  ports: CheckPorts,
): Promise<FetchedValues | 'unavailable'> {
  const { accessToken, providerTokens } = order.needs
  // A token of another issuer has no session of ours, so there is nothing to mint from or unseal.
  const needed = (accessToken || providerTokens) && order.subject.sid !== null
  return needed ? ports.fetch(order) : nothingFetched
}

function valuesOf(subject: Subject, fetched: FetchedValues): TemplateValues {
  return {
    ...noValues,
    uid: subject.uid,
    sid: subject.sid,
    device: subject.device,
    roles: subject.roles,
    claims: subject.claims,
    accessToken: fetched.accessToken,
    providerAccessToken: fetched.providerAccessToken,
    providerIdToken: fetched.providerIdToken,
  }
}
