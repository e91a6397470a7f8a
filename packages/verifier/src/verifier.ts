/*
 * One issuer, one audience, one feed. Modes and the legal moves between them:
 *
 *   starting -> current   keys and the whole feed were loaded
 *   current  -> stale     no good pull for longer than `maxStaleness`; a good one leads back
 *   any      -> closed    for good
 *
 * A call is answered from what is known at that moment; nothing waits for the network but a token that
 * names a key never seen before.
 */
import { keyOf, verifySigned } from './access-token.ts'
import { type IncomingRequest, presentedToken } from './bearer.ts'
import type { VerifierMetrics, VerifierStatus } from './counters.ts'
import { checkProof } from './dpop-proof.ts'
import { badProof, type PresentedProof, presentedProof } from './dpop-request.ts'
import { isVerifyError, VerifyError, type VerifyErrorCode } from './errors.ts'
import { Following, type FollowingEvents, type Judged } from './following.ts'
import type { VerifyKey } from './keys.ts'
import { readOptions, type Settings, type VerifierOptions } from './options.ts'
import { ProofMemory } from './proof-memory.ts'
import { createSession, type Session } from './session.ts'
import { type Remembered, TokenCache } from './token-cache.ts'

export interface VerifyOptions {
  /** Of a token that is bound to a key (RFC 9449). */
  readonly dpop?: PresentedProof | undefined
}

export interface Verifier {
  /** The token's session, if it is good right now. Rejects with `VerifyError` otherwise. */
  verify(token: string, options?: VerifyOptions): Promise<Session>
  /**
   * The same at once, when this token was verified before and nothing is stale; else undefined, as for any
   * token that is bound to a key: each use of it needs a proof of its own.
   */
  peek(token: string): Session | undefined
  /**
   * `verify` of the token in `Authorization`, with the proof beside it where that is by DPoP: a Fetch or
   * Node request, also an upgrade.
   */
  authenticate(request: IncomingRequest): Promise<Session>
  /**
   * A channel that is not trusted says that something has ended: pulls at once. A message such as Curfew
   * publishes on Redis is believed until that pull has confirmed it.
   */
  hint(message?: unknown): void
  readonly status: VerifierStatus
  readonly metrics: VerifierMetrics
  /** Answers how to stop listening. */
  on<Name extends keyof FollowingEvents>(
    name: Name,
    listener: (event: FollowingEvents[Name]) => void,
  ): () => void
  close(): Promise<void>
}

/** Resolves once keys and the whole feed are loaded. @throws TypeError, VerifierFault `start_timeout` */
export async function createVerifier(options: VerifierOptions): Promise<Verifier> {
  const settings = readOptions(options)
  const following = new Following(settings)
  const verifier = new CurfewVerifier(settings, following)
  following.start()
  if (settings.background) return verifier
  try {
    await following.whenStarted()
  } catch (error) {
    await verifier.close()
    throw error
  }
  return verifier
}

/** A token that was good; what may change since is asked at each call. */
interface Known extends Remembered, Judged {
  readonly key: VerifyKey
  readonly session: Session
  /** Of the DPoP key that it is bound to. */
  readonly jkt: string | undefined
  /** Made once, so that a repeated token costs no promise. */
  readonly answer: Promise<Session>
}

/** A token that these keys can only refuse. */
interface Refused extends Remembered {
  readonly code: VerifyErrorCode
  readonly keysVersion: number
}

/** About 15 MB when full; what is forgotten before its time is counted. */
const proofsMax = 100_000
const refusedMax = 1024
const refusedLengthMax = 4096

class CurfewVerifier implements Verifier {
  readonly #settings: Settings
  readonly #following: Following
  readonly #known: TokenCache<Known>
  readonly #proofs = new ProofMemory(proofsMax)
  readonly #refused = new TokenCache<Refused>(refusedMax)
  /**
   * Which token a request has proven, by its headers, which are its own: a proof is good once, and a request
   * may pass several gates, one for all routes and one for its own.
   */
  readonly #provenBy = new WeakMap<object, string>()
  /** Tokens that are being verified: many requests bring a new one at once. */
  readonly #pending = new Map<string, Promise<Known>>()

  constructor(settings: Settings, following: Following) {
    this.#settings = settings
    this.#following = following
    this.#known = new TokenCache(settings.cacheMax)
  }

  verify(token: string, { dpop }: VerifyOptions = {}): Promise<Session> {
    const known = this.#recall(token)
    if (known === undefined) return this.#verifyAnew(token, dpop)
    const refusal = this.#judge(known)
    if (refusal !== undefined) return Promise.reject(this.#counted(new VerifyError(refusal)))
    this.#following.counters.remembered += 1
    // What is remembered of a token says nothing of this request's proof.
    if (known.jkt !== undefined || dpop !== undefined) return this.#proven(known, dpop)
    return known.answer
  }

  peek(token: string): Session | undefined {
    const known = this.#recall(token)
    if (known === undefined || known.jkt !== undefined) return undefined
    if (this.#following.judge(known) !== 'good') return undefined
    this.#following.counters.remembered += 1
    return known.session
  }

  async authenticate(request: IncomingRequest): Promise<Session> {
    const { token, dpop } = this.#presented(request)
    if (dpop === undefined) return await this.verify(token)
    if (this.#provenBy.get(request.headers) === token) return await this.#verifyProven(token)
    const session = await this.verify(token, { dpop })
    this.#provenBy.set(request.headers, token)
    return session
  }

  hint(message?: unknown): void {
    this.#following.hint(message)
  }

  get status(): VerifierStatus {
    return this.#following.status
  }

  get metrics(): VerifierMetrics {
    const { size, dropped } = this.#proofs
    const proofs = { proofsRemembered: size, proofsDropped: dropped }
    return { ...this.#following.metrics, ...proofs, tokensRemembered: this.#known.size }
  }

  on<Name extends keyof FollowingEvents>(
    name: Name,
    listener: (event: FollowingEvents[Name]) => void,
  ): () => void {
    return this.#following.events.on(name, listener)
  }

  close(): Promise<void> {
    return this.#following.close()
  }

  /** What was verified under a key that is no longer listed is not remembered: the key may come back. */
  #recall(token: string): Known | undefined {
    const known = typeof token === 'string' ? this.#known.get(token) : undefined
    return known?.key.listed === true ? known : undefined
  }

  #presented(request: IncomingRequest) {
    try {
      const { token, dpop } = presentedToken(request)
      const { publicUrls } = this.#settings
      return { token, dpop: dpop ? presentedProof(request, publicUrls) : undefined }
    } catch (error) {
      throw this.#counted(error)
    }
  }

  async #verifyAnew(token: string, proof: PresentedProof | undefined): Promise<Session> {
    try {
      const known = await this.#verifiedOnce(token)
      // Asked after the signature was checked: it takes its time, and the session may have ended meanwhile.
      const refusal = this.#judge(known)
      if (refusal !== undefined) throw new VerifyError(refusal)
      if (known.jkt !== undefined || proof !== undefined) await this.#prove(known, proof)
      return known.session
    } catch (error) {
      throw this.#counted(error)
    }
  }

  /** Of a request that has proven it before: everything else is asked as ever. */
  async #verifyProven(token: string): Promise<Session> {
    try {
      const known = this.#recall(token) ?? (await this.#verifiedOnce(token))
      const refusal = this.#judge(known)
      if (refusal !== undefined) throw new VerifyError(refusal)
      return known.session
    } catch (error) {
      throw this.#counted(error)
    }
  }

  async #proven(known: Known, proof: PresentedProof | undefined): Promise<Session> {
    try {
      await this.#prove(known, proof)
      return known.session
    } catch (error) {
      throw this.#counted(error)
    }
  }

  /** Rule 34. A proof is good once in this process. @throws VerifyError */
  async #prove(known: Known, presented: PresentedProof | undefined): Promise<void> {
    const { token, jkt } = known
    if (jkt === undefined) {
      const message = 'The token is not bound to a key: it is presented as Bearer.'
      throw new VerifyError('wrong_type', { message, dpop: 'invalid_token' })
    }
    if (presented === undefined) throw new VerifyError('wrong_type', { dpop: 'invalid_token' })
    const { proof, method, url } = presented
    const urls = typeof url === 'string' ? [url] : url
    const nowMs = this.#following.nowMs()
    const verdict = await checkProof({ proof, method, urls, accessToken: token, nowMs })
    if (verdict.kind === 'bad') throw badProof(verdict.fault, verdict.why)
    if (verdict.kind === 'nonce-wanted') throw badProof('wrong', 'it needs a nonce')
    if (verdict.jkt !== jkt) {
      const message = 'The token is bound to another key than that of the DPoP proof.'
      throw new VerifyError('bad_signature', { message, dpop: 'invalid_token' })
    }
    if (!this.#proofs.admit(verdict.id, { untilMs: verdict.rememberUntilMs, nowMs })) {
      throw badProof('wrong', 'it was used before')
    }
    // Asked again: checking a signature takes its time.
    const refusal = this.#judge(known)
    if (refusal !== undefined) throw new VerifyError(refusal)
  }

  #verifiedOnce(token: string): Promise<Known> {
    const pending = this.#pending.get(token)
    if (pending !== undefined) return pending
    const made = this.#verified(token).finally(() => this.#pending.delete(token))
    this.#pending.set(token, made)
    return made
  }

  async #verified(token: string): Promise<Known> {
    const { keys } = this.#following
    // Before anything is loaded nothing can be said, but that there is no token.
    if (!this.#following.ready && typeof token === 'string' && token !== '') {
      throw new VerifyError('stale')
    }
    const key = await keyOf(token, keys)
    const refused = this.#refused.get(token)
    if (refused?.keysVersion === keys.version) throw new VerifyError(refused.code)
    try {
      const known = this.#remember(token, key, await verifySigned(token, key, this.#settings))
      this.#following.counters.verified += 1
      return known
    } catch (error) {
      if (isVerifyError(error) && token.length <= refusedLengthMax) {
        this.#refused.set({ token, code: error.code, keysVersion: keys.version })
      }
      throw error
    }
  }

  #remember(token: string, key: VerifyKey, claims: Session['claims']): Known {
    const { sid, exp, iat, nbf = 0, cnf } = claims
    const expiresAtMs = exp * 1000
    const session = createSession(claims, this.#following.threads.join(sid, expiresAtMs))
    const notBeforeMs = Math.max(iat, nbf) * 1000
    const answer = Promise.resolve(session)
    const jkt = cnf?.jkt
    const known = { token, key, sid, expiresAtMs, notBeforeMs, session, jkt, answer }
    this.#known.set(known)
    return known
  }

  /** Asked at every call, of a new token and of a remembered one alike. */
  #judge(known: Known): VerifyErrorCode | undefined {
    // It may have been withdrawn while the signature was checked.
    if (!known.key.listed) return 'bad_signature'
    const judgement = this.#following.judge(known)
    if (judgement === 'good') return undefined
    if (judgement !== 'good as far as is known') return judgement
    this.#following.counters.acceptedStale += 1
    return undefined
  }

  #counted<Failure>(error: Failure): Failure {
    if (isVerifyError(error)) this.#following.countRefusal(error)
    return error
  }
}
