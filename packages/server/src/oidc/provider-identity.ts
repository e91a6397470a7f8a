/* Who a provider's answer to a code speaks of. */
import type * as client from 'openid-client'
import type { ProviderIdentity } from '#authority'
import { type Claims, epochSeconds, type Instant, Secret } from '#domain'
import { tokensExpireAt } from './expiry.ts'
import { IssuedInFuture } from './flow-failures.ts'
import { githubUser } from './github.ts'
import { mergeClaims, verifiedEmail } from './identity.ts'
import { judgedPerson, type Person, personOf } from './person.ts'
import type { Discovered, Provider } from './providers.ts'

/** How far the provider's clock may be ahead. */
const futureMsMax = 120_000

export type TokenAnswer = Awaited<ReturnType<typeof client.authorizationCodeGrant>>

export interface Identified {
  readonly issuer: string
  readonly subject: string
  readonly idClaims: Claims | undefined
  readonly person: Person
}

/** @throws SubjectMismatch, IssuedInFuture */
export async function identify(
  { provider, discovered }: { readonly provider: Provider; readonly discovered: Discovered },
  answer: TokenAnswer,
  now: number,
): Promise<Identified> {
  const accessToken = new Secret(answer.access_token)
  const idClaims = answer.claims() as Claims | undefined
  if (idClaims === undefined) {
    const { issuer } = provider.settings
    const user = await githubUser(provider.fetch, issuer, accessToken)
    const person = judgedPerson(provider, issuer, mergeClaims([user]))
    return { issuer, subject: String(user['sub']), idClaims, person }
  }
  if ((numberIn(idClaims, 'iat') ?? 0) * 1000 > now + futureMsMax) throw new IssuedInFuture()
  const issuer = String(idClaims['iss'])
  const subject = String(idClaims['sub'])
  const sources = { provider, discovered, idClaims, accessToken, subject, issuer }
  return { issuer, subject, idClaims, person: await personOf(sources) }
}

export function identityOf(
  now: Instant,
  provider: Provider,
  answer: TokenAnswer,
  { issuer, subject, idClaims }: Identified,
  person: Extract<Person, { kind: 'person' }>,
): ProviderIdentity {
  const { uid, roles, claims } = person
  const exp = numberIn(idClaims, 'exp')
  const authTime = numberIn(idClaims, 'auth_time')
  return {
    providerId: provider.settings.id,
    issuer,
    subject,
    providerSid: textIn(idClaims, 'sid'),
    uid,
    roles,
    claims,
    verifiedEmail: verifiedEmail(claims) ?? null,
    tokens: {
      accessToken: new Secret(answer.access_token),
      idToken: answer.id_token === undefined ? null : new Secret(answer.id_token),
      refreshToken: answer.refresh_token === undefined ? null : new Secret(answer.refresh_token),
    },
    tokensExpireAt: tokensExpireAt(now, answer.expires_in, exp),
    acr: textIn(idClaims, 'acr'),
    amr: textsIn(idClaims, 'amr'),
    authTime: authTime === undefined ? null : epochSeconds(Math.max(0, Math.floor(authTime))),
  }
}

function textIn(claims: Claims | undefined, name: string): string | null {
  const value = claims?.[name]
  return typeof value === 'string' && value !== '' ? value : null
}

function numberIn(claims: Claims | undefined, name: string): number | undefined {
  const value = claims?.[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function textsIn(claims: Claims | undefined, name: string): readonly string[] | null {
  const value = claims?.[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null
}
