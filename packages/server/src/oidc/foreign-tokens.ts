/*
 * Access tokens of other issuers, for rules that say `bearer: {issuers: […]}`. Only the issuers of the
 * rule are ever asked for keys, whatever a token names. A token that was verified is remembered; at each
 * use it is asked again what may have changed: the rule, the issuer's keys, the time.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '#authority'
import {
  type ForeignClaims,
  type ForeignPerson,
  readForeignToken,
  type Unacceptable,
} from './foreign-claims.ts'
import { IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts'
import type { KeyText } from './key-set.ts'
import type { ProxyEnvironment } from './settings.ts'

export interface ForeignIssuer {
  readonly issuer: string
  readonly audience: readonly string[]
}

export type ForeignVerdict =
  | ({ readonly kind: 'valid' } & ForeignPerson)
  /** 401; `why` is for the log. */
  | Unacceptable
  /** The issuer's keys cannot be read now: 503. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }

export interface ForeignTokensOptions {
  readonly proxyEnv: ProxyEnvironment
  readonly clock: Pick<Clock, 'now'>
  /** How long metadata and keys may take, together. */
  readonly timeoutMs?: number
  /** Called when an issuer's keys become known or cannot be read; never holds a credential. */
  readonly onChange?: IssuerKeysOptions['onChange']
}

const timeoutMsDefault = 5000
/** What falls out is verified again. */
const verifiedMax = 4096
/** Of all tokens that are remembered; their claims are about as large again. */
const verifiedCharactersMax = 8_388_608
/** Only those of the configuration come here; what many reloads have left behind falls out. */
const issuersMax = 1000

interface Verified {
  readonly token: string
  readonly key: KeyText
  readonly claims: ForeignClaims
}

export class ForeignTokens {
  readonly #options: ForeignTokensOptions
  readonly #issuers = new LRUCache<string, IssuerKeys>({ max: issuersMax })
  readonly #verified = new LRUCache<string, Verified>({
    max: verifiedMax,
    maxSize: verifiedCharactersMax,
    sizeCalculation: ({ token }) => token.length,
  })

  constructor(options: ForeignTokensOptions) {
    this.#options = options
  }

  async verify(token: string, issuers: readonly ForeignIssuer[]): Promise<ForeignVerdict> {
    const known = this.#remembered(token)
    const claims = known?.claims ?? readForeignToken(token)
    if (claims.kind === 'invalid') return claims
    // First of all whether the rule names the issuer: nobody else is ever asked for keys.
    const problem = placeProblem(claims, issuers) ?? this.#timeProblem(claims)
    if (problem !== undefined) return invalid(problem)
    const keys = this.#keysOf(claims.issuer)
    if (known === undefined || !keys.publishes(known.key)) {
      const signer = await keys.signerOf(token, claims.key)
      if (signer.kind === 'unavailable') return signer
      if (signer.kind === 'nobody') return invalid('no key of its issuer has signed it')
      this.#verified.set(signatureOf(token), { token, key: signer.key, claims })
    }
    // Reading the keys may have taken until it expired.
    const late = this.#timeProblem(claims)
    return late === undefined ? { kind: 'valid', ...claims.person } : invalid(late)
  }

  /** What was verified before; whether it still holds is asked at each use. */
  #remembered(token: string): Verified | undefined {
    // The signature alone is the key, as hashing all of the token costs more; the whole is compared.
    const known = this.#verified.get(signatureOf(token))
    return known?.token === token ? known : undefined
  }

  #keysOf(issuer: string): IssuerKeys {
    const known = this.#issuers.get(issuer)
    if (known !== undefined) return known
    const { proxyEnv, clock, onChange, timeoutMs = timeoutMsDefault } = this.#options
    const keys = new IssuerKeys({ issuer, proxyEnv, clock, timeoutMs, onChange })
    this.#issuers.set(issuer, keys)
    return keys
  }

  #timeProblem({ notBefore, person }: ForeignClaims): string | undefined {
    const now = this.#options.clock.now()
    if (now >= person.expiresAt) return 'it has expired'
    return now < notBefore ? 'it is not valid yet, or was issued in the future' : undefined
  }
}

function signatureOf(token: string): string {
  return token.slice(token.lastIndexOf('.') + 1)
}

/** One token may be good at one rule and not at another. */
function placeProblem(
  { issuer, audience }: ForeignClaims,
  issuers: readonly ForeignIssuer[],
): string | undefined {
  const named = issuers.filter((one) => one.issuer === issuer)
  if (named.length === 0) return 'its issuer is none of the rule'
  const meant = named.some((one) => one.audience.some((wanted) => audience.includes(wanted)))
  return meant ? undefined : 'its audience is none of the rule'
}

function invalid(why: string): Unacceptable {
  return { kind: 'invalid', why }
}
