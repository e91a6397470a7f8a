/* From a provider's claims to a person here: e-mail, roles, uid, and who may come in at all. */

import { reservedRoles } from '#authority'
import type { Claims, Json, Uid } from '#domain'
import { parseUid } from '#domain'
import type { AllowList, ProviderSettings } from './settings.ts'

/** Claims about the token, not about the person. */
const aboutTheToken = new Set([
  'iss',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'nonce',
  'azp',
  'at_hash',
  'c_hash',
  's_hash',
  'sid',
  'auth_time',
  'acr',
  'amr',
  'typ',
  'events',
  'client_id',
  'scope',
  'scp',
  'session_state',
])

/** Earlier sources go before later ones, which fill gaps; each only as far as it speaks of the person. */
export function mergeClaims(sources: readonly Claims[]): Claims {
  const merged: Record<string, Json> = {}
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) {
      if (aboutTheToken.has(name) || value === null || Object.hasOwn(merged, name)) continue
      // An address and the word for it belong together: no source vouches for another one's address.
      if (
        name === 'email_verified' &&
        Object.hasOwn(merged, 'email') &&
        source['email'] !== merged['email']
      ) {
        continue
      }
      Object.defineProperty(merged, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
  }
  return merged
}

/** `email_verified` becomes our judgement: true or false, and only for what is one plain address. */
export function judgeEmail(claims: Claims, trustEmail: boolean): Claims {
  const email = claims['email']
  if (email === undefined) {
    const { email_verified: _nothing, ...rest } = claims
    return rest
  }
  const said = claims['email_verified']
  const vouched = trustEmail || said === true || said === 'true'
  return { ...claims, email_verified: vouched && isAddress(email) }
}

/** In lower case; undefined when nobody vouches for it. */
export function verifiedEmail(claims: Claims): string | undefined {
  const email = claims['email']
  if (claims['email_verified'] !== true || !isAddress(email)) return undefined
  // Letters of ASCII alone: the lower case of U+212A is a plain k, in another person's address (C8).
  return email.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/**
 * One `@`, nothing that another parser might take for a second address (classes C8, C10), and no Kelvin
 * sign: of all letters it alone becomes an ASCII one in lower case, and so another mailbox's `k`.
 */
function isAddress(value: Json | undefined): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 254 &&
    /^[^\s@,;:<>()[\]"\\\p{C}]+@[\p{L}\p{N}.-]+$/u.test(value) &&
    !value.includes('\u212a')
  )
}

const rolesMax = 1000
const roleShape = /^[^\p{C}]{1,255}$/u

/** By claim name or JSON pointer (RFC 6901); one text is one role; reserved ones are dropped (rule 17). */
export function rolesOf(claims: Claims, names: readonly string[]): readonly string[] {
  const found = names.flatMap((name) => {
    const value = name.startsWith('/') ? pointed(claims, name) : own(claims, name)
    return Array.isArray(value) ? value : [value]
  })
  const roles = found.filter(
    (role): role is string => typeof role === 'string' && roleShape.test(role),
  )
  return [...new Set(roles)].filter((role) => !reservedRoles.includes(role)).slice(0, rolesMax)
}

function pointed(claims: Claims, pointer: string): Json | undefined {
  // A claim may be called like a pointer; such as the namespaced ones of Auth0 it is then meant.
  const literal = own(claims, pointer)
  if (literal !== undefined) return literal
  const steps = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.reduce<Json | undefined>((value, step) => own(value, step), claims)
}

function own(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, Json>>)[name] : undefined
}

/**
 * The uid by the provider's template. Undefined when a value is missing or what comes out is no uid. An
 * e-mail address that nobody vouches for counts as missing: it would be anybody's.
 */
export function uidOf(
  settings: Pick<ProviderSettings, 'id' | 'uid'>,
  issuer: string,
  claims: Claims,
): Uid | undefined {
  const values: Claims = { ...claims, idp: settings.id, iss: issuer }
  let missing = false
  const text = settings.uid.replaceAll(/\{\{(.*?)\}\}/gs, (_whole, inner: string) => {
    const [name = '', ...filters] = inner.split('|').map((part) => part.trim())
    const value = filters.reduce<Json | undefined>(filtered, named(values, name))
    if (typeof value === 'string' && value !== '') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    missing = true
    return ''
  })
  return missing ? undefined : parseUid(text)
}

function named(values: Claims, name: string): Json | undefined {
  const plain = name.startsWith('claims.') ? name.slice('claims.'.length) : name
  if (plain === 'email') return verifiedEmail(values)
  return plain.startsWith('/') ? pointed(values, plain) : own(values, plain)
}

/** The filters that config/rules/template-rules.ts knows. */
function filtered(value: Json | undefined, filter: string): Json | undefined {
  const [, name = '', argument = ''] = /^(\w+)\s*[(:]?\s*(.*?)\)?$/s.exec(filter) ?? []
  const given = argument.replace(/^(['"])(.*)\1$/s, '$2')
  switch (name) {
    case 'default':
      return value ?? given
    case 'json':
      return value === undefined ? undefined : JSON.stringify(value)
    case 'join':
      return Array.isArray(value) ? value.join(given || ',') : value
    case 'urlencode':
      return typeof value === 'string' ? encodeURIComponent(value) : value
    default:
      return undefined
  }
}

/** Empty conditions let everyone through; an e-mail address counts only when it is verified. */
export function isAllowed(
  allow: AllowList,
  person: { readonly uid: Uid; readonly roles: readonly string[]; readonly claims: Claims },
): boolean {
  return (
    isNamed(allow, person.uid, verifiedEmail(person.claims)) &&
    (allow.roles.length === 0 || allow.roles.some((role) => person.roles.includes(role))) &&
    Object.entries(allow.claims).every(([name, wanted]) => {
      const value = name.startsWith('/') ? pointed(person.claims, name) : own(person.claims, name)
      const values: readonly (Json | undefined)[] = Array.isArray(value) ? value : [value]
      return values.some((one) => wanted.some((want) => want === one))
    })
  )
}

/** For the log, about somebody whom `isAllowed` refused: who it is, and what is usually forgotten. */
export function whyNotAllowed(
  { domains }: Pick<AllowList, 'domains'>,
  { uid, claims }: { readonly uid: Uid; readonly claims: Claims },
): string {
  const unknown = domains.length > 0 && verifiedEmail(claims) === undefined
  return unknown ? `${uid} has no verified e-mail address for allow.domains to look at` : uid
}

function isNamed({ users, domains }: AllowList, uid: Uid, email: string | undefined): boolean {
  if (users.length === 0 && domains.length === 0) return true
  if (users.includes(uid)) return true
  if (email === undefined) return false
  // The domain is what follows the last @; a subdomain is another domain (class C2).
  const domain = email.slice(email.lastIndexOf('@') + 1)
  return users.some((user) => user.toLowerCase() === email) || domains.includes(domain)
}
