/* Proofs of possession in requests (RFC 9449): at the token endpoint, and beside tokens that are bound. */
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Authority, ClientRules, ProofVerdict } from '#authority'
import { parseClientId } from '#domain'
import { type BoundTo, boundTo, type DpopProofs } from '#tokens'
import type { HttpContext } from './context.ts'
import type { HeaderToken } from './credentials.ts'
import { OAuthError } from './oauth-error.ts'
import { invalidRequest } from './oauth-form.ts'
import { Problem, type ProblemCode } from './problems.ts'

/**
 * The thumbprint of the key whose proof came with a token request; null when none came and none has to.
 *
 * @throws OAuthError `invalid_dpop_proof`, `use_dpop_nonce`, `invalid_request` when there is none
 */
export async function proofOf(
  context: HttpContext,
  request: FastifyRequest,
  client: ClientRules,
): Promise<string | null> {
  const thumbprint = await proofIfAny(context, request, { client, path: '/oauth/token' })
  if (thumbprint !== null || client.dpop === 'offered') return thumbprint
  throw invalidRequest('The client has to send a DPoP proof (RFC 9449).')
}

/**
 * The same at an endpoint where nobody has to send one.
 *
 * @throws OAuthError `invalid_dpop_proof`, `use_dpop_nonce`
 */
export async function proofIfAny(
  { dpop, settings }: HttpContext,
  request: FastifyRequest,
  { client, path }: { readonly client: ClientRules; readonly path: string },
): Promise<string | null> {
  const proofs = proofsIn(request.raw.rawHeaders)
  const [proof] = proofs
  if (proof === undefined) return null
  if (proofs.length > 1) throw badProof('there is more than one')
  // What our metadata call it, never what a request claims that it is called.
  const url = `${settings.publicUrl}${path}`
  const asked = { proof, method: request.method, url, accessToken: null }
  const verdict = await dpop.check({ ...asked, nonceRequired: client.dpop === 'nonce' })
  switch (verdict.kind) {
    case 'proven':
      return verdict.jkt
    case 'bad':
      throw badProof(verdict.why)
    case 'nonce-wanted':
      throw new OAuthError('use_dpop_nonce', {
        description: 'The proof has to name the nonce of this answer.',
        headers: { 'dpop-nonce': verdict.nonce },
      })
    default:
      return verdict satisfies never
  }
}

export function badProof(why: string): OAuthError {
  return new OAuthError('invalid_dpop_proof', {
    description: `The DPoP proof is not good: ${why}.`,
  })
}

/** Each header of its own: Node would join them. */
function proofsIn(rawHeaders: readonly string[]): readonly string[] {
  const found: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'dpop') found.push(rawHeaders[index + 1] ?? '')
  }
  return found
}

export interface BoundTokensDeps {
  readonly authority: Pick<Authority, 'policy'>
  readonly dpop: DpopProofs
  readonly publicUrl: string
}

interface Presenting {
  readonly accessToken: string
  readonly bound: BoundTo
  readonly proof: string
}

type RawRequest = Pick<IncomingMessage, 'rawHeaders' | 'method' | 'url'>

/** Rule 34, where tokens come in headers: bound ones with their proof alone, others without. */
export class BoundTokens {
  readonly #deps: BoundTokensDeps
  readonly #origin: string
  /** What a request has proven once holds for it: an event stream is looked at again and again. */
  readonly #proven = new WeakMap<RawRequest, string>()

  constructor(deps: BoundTokensDeps) {
    this.#deps = deps
    this.#origin = new URL(deps.publicUrl).origin
  }

  /** @throws Problem 401 */
  async check(raw: RawRequest, { secret, scheme }: HeaderToken): Promise<void> {
    const token = secret.reveal()
    const bound = boundTo(token)
    if (bound === null) {
      if (scheme === 'bearer') return
      throw this.#refusal('invalid_token', 'The token is not bound to a key: send it as Bearer.')
    }
    if (scheme !== 'dpop') {
      throw this.#refusal('invalid_token', 'The token is bound to a key: send it as DPoP.')
    }
    if (this.#proven.get(raw) === token) return
    const proofs = proofsIn(raw.rawHeaders)
    const [proof] = proofs
    if (proof === undefined || proofs.length > 1) {
      const many = proof === undefined ? 'no DPoP header' : 'more than one DPoP header'
      throw this.#refusal('invalid_dpop_proof', `There is ${many}.`)
    }
    this.#judge(await this.#verdict(raw, { accessToken: token, bound, proof }), bound)
    this.#proven.set(raw, token)
  }

  #verdict(raw: RawRequest, { accessToken, bound, proof }: Presenting): Promise<ProofVerdict> {
    const { authority, dpop } = this.#deps
    const id = parseClientId(bound.clientId)
    const client = id && authority.policy.client(id)
    // Another form of target than a path names no endpoint of ours.
    const path = raw.url?.startsWith('/') === true ? raw.url : ''
    const place = { method: raw.method ?? '', url: path === '' ? '' : `${this.#origin}${path}` }
    return dpop.check({ proof, ...place, accessToken, nonceRequired: client?.dpop === 'nonce' })
  }

  #judge(verdict: ProofVerdict, { jkt }: BoundTo): void {
    switch (verdict.kind) {
      case 'proven':
        if (verdict.jkt === jkt) return
        throw this.#refusal('invalid_token', 'The token is bound to another key than the proof.')
      case 'bad':
        throw this.#refusal('invalid_dpop_proof', `The DPoP proof is not good: ${verdict.why}.`)
      case 'nonce-wanted':
        throw this.#refusal('use_dpop_nonce', 'The proof has to name the nonce of this answer.', {
          'dpop-nonce': verdict.nonce,
        })
      default:
        verdict satisfies never
    }
  }

  #refusal(
    code: Extract<ProblemCode, 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce'>,
    detail: string,
    more: Readonly<Record<string, string>> = {},
  ): Problem {
    const challenge = `DPoP error="${code}", algs="${this.#deps.dpop.algorithms.join(' ')}"`
    return new Problem(code, { detail, headers: { 'www-authenticate': challenge, ...more } })
  }
}
