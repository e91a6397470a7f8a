import { epochSeconds, instant, parseSessionId, parseUid } from '#domain'
import {
  dialects,
  type Mode,
  type OriginalRequest,
  type Refusal,
  readOriginalRequest,
} from '../../src/gateway/original-request.ts'
import type { Subject } from '../../src/gateway/requirement.ts'
import type { GatewaySettings, PublicPlace, RuleSettings } from '../../src/gateway/settings.ts'

export const place: PublicPlace = {
  publicUrl: 'https://auth.example.com',
  origin: 'https://auth.example.com',
  secure: true,
}

export const now = instant(1_800_000_000_000)

export function rule(settings: Partial<RuleSettings> = {}): RuleSettings {
  return {
    hosts: ['app.example.com'],
    paths: null,
    methods: null,
    require: { kind: 'session' },
    idp: null,
    bearer: { kind: 'curfew' },
    audience: null,
    headers: null,
    preflight: 'allow',
    ...settings,
  }
}

export const defaultHeaders = [
  { name: 'X-Auth-Request-User', template: '{{ uid }}' },
  { name: 'X-Auth-Request-Email', template: '{{ claims.email }}' },
  { name: 'X-Auth-Request-Groups', template: '{{ roles }}' },
  { name: 'Cookie', template: '{{ cookies }}' },
]

export function settings(parts: Partial<GatewaySettings> = {}): GatewaySettings {
  return {
    cookie: { name: '__Host-curfew', domain: null, sameSite: 'lax' },
    prefix: '/.curfew',
    returnTo: [],
    rules: [rule()],
    headers: defaultHeaders,
    ...parts,
  }
}

export const conditions = {
  kind: 'conditions',
  roles: null,
  allRoles: null,
  users: null,
  claims: null,
  idp: null,
  acr: null,
  maxAgeSeconds: null,
} as const

export const sid = known(parseSessionId('01890000-0000-7000-8000-000000000001'))
export const otherSid = known(parseSessionId('01890000-0000-7000-8000-000000000002'))

export function subject(parts: Partial<Subject> = {}): Subject {
  return {
    sid,
    uid: known(parseUid('main:ann')),
    device: 'web',
    roles: ['pilot'],
    claims: { email: 'ann@example.com' },
    authTime: epochSeconds(now / 1000 - 60),
    acr: null,
    idp: 'main',
    ...parts,
  }
}

export interface Asked {
  readonly method: string
  readonly scheme: string
  readonly host: string
  readonly target: string
}

/** The headers by which each kind of proxy describes one request. */
export function described(mode: Mode, parts: Partial<Asked> = {}): string[] {
  const asked = {
    ...{ method: 'GET', scheme: 'https', host: 'app.example.com', target: '/' },
    ...parts,
  }
  if (mode === 'envoy') return ['Host', asked.host]
  if (mode === 'nginx') {
    const url = `${asked.scheme}://${asked.host}${asked.target}`
    return ['Host', '127.0.0.1:4455', 'X-Original-URL', url, 'X-Original-Method', asked.method]
  }
  return [
    ...['Host', '127.0.0.1:4455', 'X-Forwarded-Method', asked.method],
    ...['X-Forwarded-Proto', asked.scheme, 'X-Forwarded-Host', asked.host],
    ...['X-Forwarded-Uri', asked.target],
  ]
}

/** Reads what `described` says, with further headers. */
export function read(
  mode: Mode,
  parts: Partial<Asked> = {},
  headers: readonly string[] = [],
): OriginalRequest | Refusal {
  const { method = 'GET', target = '/' } = parts
  const rawHeaders = [...described(mode, parts), ...headers]
  const below = mode === 'envoy' ? target : ''
  return readOriginalRequest({ method, rawHeaders, below }, dialects[mode], place)
}

/** As `read`, where nothing is wrong. */
export function original(
  parts: Partial<Asked> = {},
  headers: readonly string[] = [],
): OriginalRequest {
  const request = read('traefik', parts, headers)
  if ('kind' in request) throw new Error(`refused: ${request.why} (${request.hint})`)
  return request
}

/** What a browser sends when a person opens a page. */
export const navigation = [
  ...['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'],
  ...['Accept', 'text/html,application/xhtml+xml,*/*;q=0.8'],
]

export function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the sample is malformed')
  return value
}
