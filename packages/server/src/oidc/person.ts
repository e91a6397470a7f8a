/* Who it is, from all the sources that `claimsFrom` names, in their order. */
import { jwtVerify } from 'jose'
import * as client from 'openid-client'
import type { Claims, Secret, Uid } from '#domain'
import { githubUser } from './github.ts'
import { isAllowed, judgeEmail, mergeClaims, rolesOf, uidOf } from './identity.ts'
import { isKeyFault } from './key-fault.ts'
import type { Discovered, Provider } from './providers.ts'
import type { ClaimSource } from './settings.ts'

export interface Sources {
  readonly provider: Provider
  readonly discovered: Discovered
  /** Undefined: a provider without ID tokens. */
  readonly idClaims: Claims | undefined
  readonly accessToken: Secret
  readonly subject: string
  /** The issuer that vouches for the subject. */
  readonly issuer: string
}

export type Person =
  | {
      readonly kind: 'person'
      readonly uid: Uid
      readonly roles: readonly string[]
      readonly claims: Claims
      readonly allowed: boolean
    }
  /** The uid's template names claims that nobody has told. */
  | { readonly kind: 'claims-incomplete' }

/** @throws SubjectMismatch when userinfo speaks of somebody else */
export async function personOf(sources: Sources): Promise<Person> {
  const { settings } = sources.provider
  const told: Claims[] = []
  for (const source of settings.claimsFrom) told.push((await tell(source, sources)) ?? {})
  return judgedPerson(
    sources.provider,
    sources.issuer,
    mergeClaims([{ sub: sources.subject }, ...told]),
  )
}

/** The person by claims that have been merged. */
export function judgedPerson(provider: Provider, issuer: string, merged: Claims): Person {
  const { settings } = provider
  const claims = judgeEmail(merged, settings.trustEmail)
  const roles = rolesOf(claims, settings.rolesClaims)
  const uid = uidOf(settings, issuer, claims)
  if (uid === undefined) return { kind: 'claims-incomplete' }
  return {
    kind: 'person',
    uid,
    roles,
    claims,
    allowed: isAllowed(settings.allow, { uid, roles, claims }),
  }
}

/** OpenID Connect Core, section 5.3.2: such an answer must not be used. */
export class SubjectMismatch extends Error {
  readonly code = 'subject_mismatch'

  constructor() {
    super('userinfo speaks of another subject than the ID token')
  }
}

/** Undefined: it cannot be asked now. @throws SubjectMismatch */
export async function tell(source: ClaimSource, sources: Sources): Promise<Claims | undefined> {
  switch (source) {
    case 'id_token':
      return sources.idClaims ?? {}
    case 'userinfo':
      return userinfo(sources)
    case 'access_token':
      return accessClaims(sources)
    default:
      return source satisfies never
  }
}

/**
 * Undefined: it did not answer. A provider whose userinfo is down still signs in: what it would have
 * told is missing, no more.
 *
 * @throws SubjectMismatch
 */
async function userinfo(sources: Omit<Sources, 'idClaims'>): Promise<Claims | undefined> {
  const { provider, discovered, accessToken, subject } = sources
  const { settings, fetch } = provider
  try {
    if (settings.preset === 'github') {
      const user = await githubUser(fetch, settings.issuer, accessToken)
      if (user['sub'] !== subject) throw new SubjectMismatch()
      return user
    }
    if (discovered.metadata.userinfo_endpoint === undefined) return undefined
    const told = await client.fetchUserInfo(discovered.configuration, accessToken.reveal(), subject)
    return told as Claims
  } catch (error) {
    if (error instanceof SubjectMismatch) throw error
    const mismatch = error instanceof client.ClientError && error.code === subjectMismatchCode
    if (mismatch) throw new SubjectMismatch()
    return undefined
  }
}

/** What openid-client calls a `sub` that differs. */
const subjectMismatchCode = 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'

/**
 * Only a JWT that the provider signed, about this subject, for us: anything else tells nothing. Undefined:
 * its keys cannot be read now.
 */
async function accessClaims(sources: Sources): Promise<Claims | undefined> {
  const { provider, discovered, accessToken, subject } = sources
  try {
    const { payload, protectedHeader } = await jwtVerify(accessToken.reveal(), discovered.keys)
    const forUs = payload['azp'] ?? payload['client_id'] ?? payload['cid'] ?? payload['appid']
    const known = payload.iss !== undefined && provider.isIssuer(payload.iss)
    const ours = forUs === undefined || forUs === provider.settings.clientId
    const good = known && ours && payload.sub === subject && !protectedHeader.alg.startsWith('HS')
    return good ? (payload as Claims) : {}
  } catch (error) {
    // Opaque, or not for us to read.
    return isKeyFault(error) ? undefined : {}
  }
}
