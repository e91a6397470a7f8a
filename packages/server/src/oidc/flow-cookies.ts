/*
 * What a sign-in under way leaves in the browser. Nothing of it is kept here, so any replica finishes it.
 *
 *   <prefix>flow-<id>   one per attempt, for the callback alone: state, nonce, verifier, target, fence
 *   <prefix>flows       for /login: which attempts are open, so that at most five are
 *   <prefix>round       for /login: how often this browser has come back from the same target just now
 *
 * Each is sealed under its own name, so that none passes for another.
 */
import type { KeyId } from '#domain'
import { Secret } from '#domain'

/** The sealer of the tokens room, as far as it concerns cookies. */
export interface CookieSeal {
  seal(purpose: 'flow', identity: readonly string[], plaintext: Secret): string
  unseal(
    purpose: 'flow',
    identity: readonly string[],
    sealed: string,
  ):
    | { readonly kind: 'opened'; readonly plaintext: Secret }
    | { readonly kind: 'key-missing'; readonly keyId: KeyId }
    | { readonly kind: 'unreadable' }
}

/** A Set-Cookie header to be; always HttpOnly and SameSite=Lax, host-only. */
export interface CookieOrder {
  readonly name: string
  /** Empty with `maxAgeSeconds: 0`: the browser is to forget it. */
  readonly value: string
  readonly path: string
  readonly maxAgeSeconds: number
  readonly secure: boolean
}

/** The request's cookies by name. */
export type CookieJar = (name: string) => string | undefined

export const flowsMax = 5

/** One attempt. */
export interface Flow {
  readonly provider: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  readonly fence: number
  readonly startedAt: number
  readonly round: number
  readonly maxAge: number | null
  /** Of a browser on a host that the session has to be handed to (rule 28). */
  readonly binding: string | null
}

export interface OpenFlow {
  readonly id: string
  readonly at: number
}

/** How often in a row a sign-in for one target has just succeeded. */
export interface Round {
  readonly target: string
  readonly count: number
  readonly at: number
}

export interface FlowCookiesOptions {
  readonly seal: CookieSeal
  readonly secure: boolean
  readonly loginPath: string
  readonly callbackPath: string
  /** Longer than an attempt is good for: one that took too long is known, and begins again. */
  readonly flowTtlSeconds: number
  readonly roundSeconds: number
}

export class FlowCookies {
  readonly #options: FlowCookiesOptions
  readonly #prefix: string

  constructor(options: FlowCookiesOptions) {
    this.#options = options
    this.#prefix = options.secure ? '__Secure-curfew-' : 'curfew-'
  }

  flow(jar: CookieJar, id: string): Flow | undefined {
    const flow = this.#open(jar, `flow-${id}`)
    return isFlow(flow) ? flow : undefined
  }

  setFlow(id: string, flow: Flow): CookieOrder {
    const { callbackPath, flowTtlSeconds } = this.#options
    return this.#set(`flow-${id}`, flow, callbackPath, flowTtlSeconds)
  }

  dropFlow(id: string): CookieOrder {
    return this.#drop(`flow-${id}`, this.#options.callbackPath)
  }

  flows(jar: CookieJar): readonly OpenFlow[] {
    const flows = this.#open(jar, 'flows')
    return Array.isArray(flows) ? flows.filter(isOpenFlow).slice(-flowsMax) : []
  }

  setFlows(flows: readonly OpenFlow[]): CookieOrder {
    const { loginPath, flowTtlSeconds } = this.#options
    return this.#set('flows', flows, loginPath, flowTtlSeconds)
  }

  round(jar: CookieJar): Round | undefined {
    const round = this.#open(jar, 'round')
    return isRound(round) ? round : undefined
  }

  setRound(round: Round): CookieOrder {
    const { loginPath, roundSeconds } = this.#options
    return this.#set('round', round, loginPath, roundSeconds)
  }

  dropRound(): CookieOrder {
    return this.#drop('round', this.#options.loginPath)
  }

  #open(jar: CookieJar, label: string): unknown {
    const name = this.#prefix + label
    const value = jar(name)
    if (value === undefined) return undefined
    const opened = this.#options.seal.unseal('flow', [name], value)
    return opened.kind === 'opened' ? JSON.parse(opened.plaintext.reveal()) : undefined
  }

  #set(label: string, content: unknown, path: string, maxAgeSeconds: number): CookieOrder {
    const name = this.#prefix + label
    const value = this.#options.seal.seal('flow', [name], new Secret(JSON.stringify(content)))
    return { name, value, path, maxAgeSeconds, secure: this.#options.secure }
  }

  #drop(label: string, path: string): CookieOrder {
    const { secure } = this.#options
    return { name: this.#prefix + label, value: '', path, maxAgeSeconds: 0, secure }
  }
}

// What is sealed is ours; an older version may have written it differently.
function isFlow(value: unknown): value is Flow {
  const flow = value as Flow | null | undefined
  return (
    typeof flow?.provider === 'string' &&
    typeof flow.state === 'string' &&
    typeof flow.nonce === 'string' &&
    typeof flow.verifier === 'string' &&
    typeof flow.returnTo === 'string' &&
    typeof flow.fence === 'number' &&
    typeof flow.startedAt === 'number' &&
    typeof flow.round === 'number' &&
    (flow.binding === null || typeof flow.binding === 'string')
  )
}

function isOpenFlow(value: unknown): value is OpenFlow {
  const flow = value as OpenFlow | null
  return typeof flow?.id === 'string' && typeof flow.at === 'number'
}

function isRound(value: unknown): value is Round {
  const round = value as Round | null | undefined
  return (
    typeof round?.target === 'string' &&
    typeof round.count === 'number' &&
    typeof round.at === 'number'
  )
}
