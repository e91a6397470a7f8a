/*
 * What a sign-in under way leaves in the browser. Nothing of it is kept here, so any replica finishes it.
 *
 *   <prefix>flow-<id>   one per attempt, for the callback alone: state, nonce, verifier, target, fence
 *   __Host-…proof-<id>  beside it, over https: that this host set the attempt, and no sibling planted it
 *   <prefix>flows       for /login, and one for /oauth/authorize: which attempts are open there, at most five
 *   <prefix>round       for /login: how often this browser has come back from the same target just now
 *
 * Each is sealed under its own name, so that none passes for another.
 */
import { randomBytes } from 'node:crypto'
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

/** How many attempts a browser may have open. */
const flowsMax = 5
/** Proxies take a line of headers of 8 KB, and the cookies of all attempts go to the callback in one. */
const flowBytesMax = 7000
/** Those of applications beside them: a browser that has many of both open is rare. */
const appFlowBytesMax = 3500

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
  /** An application's request; absent in cookies of older versions. */
  readonly app?: string | null
}

export interface OpenFlow {
  readonly id: string
  readonly at: number
  /** Of its cookie. */
  readonly bytes: number
}

/** How often in a row a sign-in for one target has just succeeded. */
export interface Round {
  readonly target: string
  readonly count: number
  readonly at: number
}

interface Proven extends Flow {
  readonly proof: string
}

const proofPrefix = '__Host-curfew-proof-'

export interface FlowCookiesOptions {
  readonly seal: CookieSeal
  readonly secure: boolean
  readonly loginPath: string
  readonly authorizePath: string
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
    if (!isFlow(flow)) return undefined
    if (!this.#options.secure) return flow
    const { proof } = flow as Partial<Proven>
    return proof !== undefined && jar(proofPrefix + id) === proof ? flow : undefined
  }

  /** One more attempt. The oldest make room: whoever opens a sixth tab has forgotten the first. */
  add(jar: CookieJar, id: string, flow: Flow): readonly CookieOrder[] {
    const cookies = this.#setFlow(id, flow)
    const bytes = cookies.reduce((sum, { name, value }) => sum + name.length + value.length, 0)
    const since = flow.startedAt - this.#options.flowTtlSeconds * 1000
    const open = this.#flows(jar).filter(({ at }) => at > since)
    const forApp = typeof flow.app === 'string'
    const kept = fitting(open, (forApp ? appFlowBytesMax : flowBytesMax) - bytes)
    const dropped = open.slice(0, open.length - kept.length)
    return [
      ...cookies,
      this.#setFlows([...kept, { id, at: flow.startedAt, bytes }], forApp),
      ...dropped.flatMap((one) => this.dropFlow(one.id)),
    ]
  }

  dropFlow(id: string): readonly CookieOrder[] {
    const { callbackPath, secure } = this.#options
    const flow = this.#drop(`flow-${id}`, callbackPath)
    if (!secure) return [flow]
    return [flow, { name: proofPrefix + id, value: '', path: '/', maxAgeSeconds: 0, secure }]
  }

  /** Browsers give `__Secure-` to every host of the domain, and `__Host-` to this one alone. */
  #setFlow(id: string, flow: Flow): readonly CookieOrder[] {
    const { callbackPath, flowTtlSeconds: maxAgeSeconds, secure } = this.#options
    const proof = randomBytes(16).toString('base64url')
    const proven: Proven = { ...flow, proof }
    const cookie = this.#set(`flow-${id}`, proven, callbackPath, maxAgeSeconds)
    if (!secure) return [cookie]
    return [cookie, { name: proofPrefix + id, value: proof, path: '/', maxAgeSeconds, secure }]
  }

  #flows(jar: CookieJar): readonly OpenFlow[] {
    const flows = this.#open(jar, 'flows')
    return Array.isArray(flows) ? flows.filter(isOpenFlow).slice(-flowsMax) : []
  }

  /** Each of the two ways in sees its own list alone. */
  #setFlows(flows: readonly OpenFlow[], forApp: boolean): CookieOrder {
    const { loginPath, authorizePath, flowTtlSeconds } = this.#options
    return this.#set('flows', flows, forApp ? authorizePath : loginPath, flowTtlSeconds)
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

/** The newest of them that there is room for, one place left for another. */
function fitting(open: readonly OpenFlow[], bytesMax: number): readonly OpenFlow[] {
  let left = bytesMax
  const newest = open.slice(1 - flowsMax).toReversed()
  const tooMany = newest.findIndex(({ bytes }) => {
    left -= bytes
    return left < 0
  })
  return (tooMany < 0 ? newest : newest.slice(0, tooMany)).toReversed()
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
    (flow.binding === null || typeof flow.binding === 'string') &&
    (flow.app === undefined || flow.app === null || typeof flow.app === 'string')
  )
}

function isOpenFlow(value: unknown): value is OpenFlow {
  const flow = value as Partial<OpenFlow> | null
  const { id, at, bytes } = flow ?? {}
  return typeof id === 'string' && typeof at === 'number' && typeof bytes === 'number'
}

function isRound(value: unknown): value is Round {
  const round = value as Round | null | undefined
  return (
    typeof round?.target === 'string' &&
    typeof round.count === 'number' &&
    typeof round.at === 'number'
  )
}
