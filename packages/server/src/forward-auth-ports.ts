import type { Logger } from 'pino'
import { type GatewayAuthority, type SessionCheck, tokensOf } from '#authority'
import type { Config } from '#config'
import { addMs, type LiveSession, parseClientId } from '#domain'
import {
  answerOwn,
  type Credential,
  cookieReach,
  type FetchedValues,
  type FetchOrder,
  type ForwardAuthPorts,
  type HandOff,
  type OriginalRequest,
  type OwnOptions,
  type Presentation,
  type ProofFault,
  type Rule,
  type Subject,
} from '#gateway'
import type { Metrics, SignOutTickets } from '#http'
import type { ForeignTokens } from '#oidc'
import { boundTo, type DpopProofs } from '#tokens'
import type { House } from './house.ts'
import type { ServerMemory } from './memory.ts'
import { QuietLog } from './quiet-log.ts'
import { subjectOf } from './subject.ts'

export interface PortsOptions {
  readonly house: House & { readonly memory: ServerMemory }
  readonly log: Logger
  readonly metrics: Metrics
  readonly gateway: GatewayAuthority
  readonly handOff: HandOff
  readonly tickets: SignOutTickets
  readonly foreign: Pick<ForeignTokens, 'verify'>
  /** A proof is good once in this process. */
  readonly dpop: DpopProofs
}

/** Twice as often as a use is written (authority/last-seen.ts), for the class that idles out first. */
function touchEveryMs({ idleTtlMs, devices }: Config['sessions']): number {
  const limits = Object.values(devices).map((device) => device.idleTtlMs)
  return Math.min(60_000, Math.floor(Math.min(idleTtlMs, ...limits) / 4))
}

/** What forward auth asks of the other rooms. */
export function forwardAuthPorts(options: PortsOptions): ForwardAuthPorts {
  const { house, log, metrics, gateway, handOff } = options
  const { clock, memory, policy } = house
  const { server, gateway: settings } = policy.config
  const reaches = cookieReach(server, settings.cookie)
  const own = ownOptions(options, reaches)
  const quiet = new QuietLog(() => performance.now())
  /** The sessions behind what was presented, so that nobody reads them again to fetch their tokens. */
  const behind = new WeakMap<Subject, LiveSession>()
  const usual = { verdict: 'allow', from: 'memory' } as const
  const allowedFromMemory = metrics.tally('curfew_forward_auth_total', usual)
  return {
    now: () => clock.now(),
    denies: (sid) => memory.denylist.denies(sid),
    epoch: () => memory.tail.epoch,
    stale: () => memory.stale(),
    touch: (sid) => gateway.touch(sid),
    touchEveryMs: touchEveryMs(policy.config.sessions),
    present: (credential, rule, request) => present(options, behind, { credential, rule, request }),
    fetch: (order) => fetchValues(options, behind.get(order.subject), order),
    bind: (request) => (reaches(request.host) ? undefined : handOff.bind(request)),
    own: (order) => answerOwn(own, order),
    counted: (verdict, from) => {
      if (verdict === 'allow' && from === 'memory') allowedFromMemory()
      else metrics.count('curfew_forward_auth_total', { verdict, from })
    },
    refused: ({ why, hint }) => {
      const suppressed = quiet.admit(`${why} ${hint}`)
      if (suppressed === undefined) return
      log.warn({ why, hint, suppressed }, 'forward auth refused a request')
    },
    dropped: (header) => {
      metrics.count('curfew_forward_auth_dropped_values_total', {})
      if (quiet.admit(header) === undefined) return
      log.warn({ header }, 'a value could not be sent in a header; the application gets none')
    },
    failed: (err) => log.error({ err }, 'forward auth failed unexpectedly; it answered 503'),
  }
}

function ownOptions(options: PortsOptions, reaches: OwnOptions['reaches']): OwnOptions {
  const { house, gateway, handOff, tickets } = options
  const { server, gateway: settings } = house.policy.config
  return {
    place: server,
    cookie: settings.cookie,
    handOff,
    reaches,
    ports: {
      now: () => house.clock.now(),
      cookieOf: async (sid) => {
        const session = await gateway.bySid(sid)
        return session === undefined ? undefined : { session, value: gateway.cookieOf(session) }
      },
      sidOf: async (cookie) => (await gateway.byCookie(cookie))?.origin.sid,
      signOutTicket: (sid) => tickets.issue(sid),
    },
  }
}

type Behind = WeakMap<Subject, LiveSession>

interface Presenting {
  readonly credential: Credential
  readonly rule: Rule
  readonly request: OriginalRequest
}

async function present(
  options: PortsOptions,
  behind: Behind,
  { credential, rule, request }: Presenting,
): Promise<Presentation> {
  if (credential.form === 'foreign') return presentForeign(options, credential, rule)
  const { via, form, token } = credential
  const accepted = form === 'jwt' ? 'access' : form
  const checked = await options.gateway.check(token.reveal(), [accepted])
  const shown = presentation(options, via, checked)
  const fault =
    shown.kind === 'invalid' ? undefined : await proofFault(options, credential, request)
  if (fault !== undefined) return { kind: 'invalid', via, proof: fault }
  if (shown.kind === 'live' && checked.kind === 'live') behind.set(shown.subject, checked.session)
  return shown
}

/** What is wrong with the proof of possession; undefined: it is good, or none is needed (rule 34). */
async function proofFault(
  { house, dpop }: PortsOptions,
  { token, dpop: byDpop }: Credential,
  { method, origin, target, proofs }: OriginalRequest,
): Promise<ProofFault | undefined> {
  const accessToken = token.reveal()
  const bound = boundTo(accessToken)
  if (bound === null && !byDpop) return undefined
  if (bound === null || !byDpop) return { error: 'invalid_token', nonce: null }
  const [proof] = proofs
  if (proof === undefined || proofs.length > 1) return { error: 'invalid_dpop_proof', nonce: null }
  const id = parseClientId(bound.clientId)
  const nonceRequired = id !== undefined && house.policy.client(id)?.dpop === 'nonce'
  const place = { method, url: `${origin}${target}` }
  const verdict = await dpop.check({ proof, ...place, accessToken, nonceRequired })
  if (verdict.kind === 'nonce-wanted') return { error: 'use_dpop_nonce', nonce: verdict.nonce }
  if (verdict.kind === 'bad') return { error: 'invalid_dpop_proof', nonce: null }
  return verdict.jkt === bound.jkt ? undefined : { error: 'invalid_token', nonce: null }
}

function presentation(
  { house, gateway }: PortsOptions,
  via: Credential['via'],
  checked: SessionCheck,
): Presentation {
  switch (checked.kind) {
    case 'live': {
      const { session, identity, goodForMs } = checked
      return {
        kind: 'live',
        via,
        subject: subjectOf(session, gateway.effectiveRoles(session)),
        identity: identity.kind,
        version: session.version,
        goodUntil: addMs(house.clock.now(), Math.floor(goodForMs)),
      }
    }
    case 'ended':
      return { kind: 'ended', via, sid: checked.sid, end: checked.end }
    case 'invalid':
      return { kind: 'invalid', via }
    default:
      return checked satisfies never
  }
}

async function presentForeign(
  { foreign }: PortsOptions,
  { via, token }: Credential,
  { bearer }: Rule,
): Promise<Presentation> {
  if (bearer.kind !== 'issuers') return { kind: 'invalid', via }
  const verdict = await foreign.verify(token.reveal(), bearer.issuers)
  switch (verdict.kind) {
    case 'valid': {
      const { uid, roles, claims, authTime, acr, expiresAt } = verdict
      const subject = { sid: null, uid, device: null, roles, claims, authTime, acr, idp: null }
      return { kind: 'live', via, subject, identity: 'good', version: 0, goodUntil: expiresAt }
    }
    case 'invalid':
      return { kind: 'invalid', via }
    case 'unavailable':
      return { kind: 'unavailable', retryAfterSeconds: Math.ceil(verdict.retryAfterMs / 1000) }
    default:
      return verdict satisfies never
  }
}

async function fetchValues(
  options: PortsOptions,
  session: LiveSession | undefined,
  { needs, audience }: FetchOrder,
): Promise<FetchedValues | 'unavailable'> {
  const { house, gateway } = options
  if (session === undefined) return 'unavailable'
  const kept = needs.providerTokens ? providerTokensOf(house, session) : undefined
  const values = {
    accessToken: null,
    providerAccessToken: kept?.accessToken?.reveal() ?? null,
    providerIdToken: kept?.idToken?.reveal() ?? null,
    goodUntil: Number.POSITIVE_INFINITY,
  }
  if (!needs.accessToken) return values
  const minted = await gateway.upstreamToken(session, audience)
  // It ended within this request: asked again, everybody knows.
  if (minted.kind === 'ended') return 'unavailable'
  if (minted.kind === 'refused') return values
  const goodUntil = house.clock.now() + Math.floor(minted.goodForMs)
  return { ...values, accessToken: minted.token, goodUntil }
}

function providerTokensOf({ sealer }: House, session: LiveSession) {
  const { provider, origin } = session
  return provider === null ? undefined : tokensOf(sealer, origin.sid, provider)
}
