/*
 * DPoP (RFC 9449) at this server. What a proof must be is the verifier SDK's to know, which checks the same
 * (docs/decisions/0022); here are its single use and our nonces.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { checkProof, ProofMemory, proofAlgorithms } from '@curfew/verifier/dpop'
import { type Clock, kindOf, type ProofQuestion, type ProofVerdict } from '#authority'
import { type Instant, instant } from '#domain'
import { type KeyRing, keyIdAt } from './key-ring.ts'

export interface DpopProofs {
  /** Is it good, and the first time? @throws StoreUnavailable */
  check(question: ProofQuestion): Promise<ProofVerdict>
  /** For `DPoP-Nonce`: good for five to ten minutes, at every replica. */
  nonce(): string
  readonly algorithms: readonly string[]
}

export interface DpopProofsOptions {
  readonly ring: KeyRing
  readonly clock: Pick<Clock, 'now'>
  /** True for the first who brings it. */
  readonly first: (id: string, until: Instant) => boolean | Promise<boolean>
}

export function createDpopProofs({ ring, clock, first }: DpopProofsOptions): DpopProofs {
  const nonces = new DpopNonces(ring)
  return {
    algorithms: proofAlgorithms,
    nonce: () => nonces.issue(clock.now()),
    async check({ proof, method, url, accessToken, nonceRequired }) {
      const now = clock.now()
      const verdict = await checkProof({
        ...{ proof, method, urls: [url], nowMs: now },
        accessToken: accessToken ?? undefined,
        nonces: {
          required: nonceRequired,
          goodUntilMs: (nonce) => nonces.goodUntil(nonce, now),
        },
      })
      switch (verdict.kind) {
        case 'good': {
          const until = instant(Math.ceil(verdict.rememberUntilMs))
          if (await first(verdict.id, until)) return { kind: 'proven', jkt: verdict.jkt }
          return { kind: 'bad', why: 'it was used before' }
        }
        case 'bad':
          return { kind: 'bad', why: verdict.why }
        case 'nonce-wanted':
          return { kind: 'nonce-wanted', nonce: nonces.issue(now) }
        default:
          return verdict satisfies never
      }
    },
  }
}

/** About 30 MB when full. */
const proofsMax = 200_000
const stepMs = 300_000
const keyIdLength = 4
const stepLength = 6
const macLength = 16

/** A MAC over a step of time, so that no replica has to remember what another one gave out. */
class DpopNonces {
  readonly #ring: KeyRing
  readonly #keys: ReturnType<KeyRing['subkeys']>

  constructor(ring: KeyRing) {
    this.#ring = ring
    this.#keys = ring.subkeys('dpop-nonce')
  }

  issue(now: Instant): string {
    const head = Buffer.alloc(keyIdLength + stepLength)
    head.write(this.#ring.current(now), 'base64url')
    head.writeUIntBE(Math.floor(now / stepMs), keyIdLength, stepLength)
    return Buffer.concat([head, this.#mac(head)]).toString('base64url')
  }

  /** This step and the one before. */
  goodUntil(nonce: string, now: Instant): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url')
    if (bytes.length !== keyIdLength + stepLength + macLength) return undefined
    if (bytes.toString('base64url') !== nonce) return undefined
    const head = bytes.subarray(0, keyIdLength + stepLength)
    if (this.#ring.standing(keyIdAt(head, 0)) !== 'held') return undefined
    if (!timingSafeEqual(bytes.subarray(head.length), this.#mac(head))) return undefined
    const step = head.readUIntBE(keyIdLength, stepLength)
    const until = (step + 2) * stepMs
    return step <= Math.floor(now / stepMs) + 1 && now < until ? until : undefined
  }

  #mac(head: Buffer): Buffer {
    const key = this.#keys.get(keyIdAt(head, 0))
    if (key === undefined) throw new Error('a nonce names a secret that this process lacks')
    return createHmac('sha256', key).update(head).digest().subarray(0, macLength)
  }
}

/** Proofs are remembered by this process alone: for those who are asked too often to write each down. */
export function firstInProcess(clock: Pick<Clock, 'now'>): DpopProofsOptions['first'] {
  const memory = new ProofMemory(proofsMax)
  return (id, untilMs) => memory.admit(id, { untilMs, nowMs: clock.now() })
}

export interface BoundTo {
  /** Of the key. */
  readonly jkt: string
  readonly clientId: string
}

/**
 * What an access token says it is bound to, read without asking who signed it: nobody can take it out of a
 * token that is genuine. Null: it is a bearer token, or no access token.
 */
export function boundTo(token: string): BoundTo | null {
  if (kindOf(token) !== 'access') return null
  const claims = claimsIn(token.split('.', 2)[1] ?? '')
  if (claims === null || claims['cnf'] === undefined) return null
  const { jkt } = (claims['cnf'] ?? {}) as { readonly jkt?: unknown }
  // Bound to something else: then no key is the right one.
  return { jkt: typeof jkt === 'string' ? jkt : '', clientId: String(claims['client_id']) }
}

function claimsIn(payload: string): Readonly<Record<string, unknown>> | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' ? (claims as Record<string, unknown> | null) : null
  } catch {
    // No JSON: whoever verifies it says so.
    return null
  }
}
