import { performance } from 'node:perf_hooks'
import {
  type Authority,
  type ClientRules,
  NextRead,
  StoreUnavailable,
  type UserState,
} from '#authority'
import { type ClientId, clientOfUid, clientUid, parseClientId, type Uid } from '#domain'
import { addressKey } from './address.ts'
import type { BasicCredentials } from './credentials.ts'
import type { ClientCredentials } from './deps.ts'
import type { Limits } from './limits.ts'

const enabledForMs = 1000

export type ClientVerdict =
  | { readonly kind: 'authenticated'; readonly client: ClientRules }
  | { readonly kind: 'failed' }
  | { readonly kind: 'disabled' }
  /** Too many failures before: refused unread, also with the right secret (rule 37). */
  | { readonly kind: 'limited'; readonly seconds: number }
  | { readonly kind: 'unavailable' }

export interface ClientAuthDeps {
  readonly authority: Authority
  readonly clients: ClientCredentials
  readonly limits: Limits
  readonly failed: () => void
}

/** Who is asking, when it is a client. Every kind of failure costs one of `failedClientAuth`. */
export class ClientAuth {
  readonly #deps: ClientAuthDeps
  /** A thousand verifiers poll the feed as one client. */
  readonly #states = new NextRead<UserState>()
  /** As many as there are clients in the configuration. */
  readonly #seen = new Map<ClientId, { readonly enabled: boolean; readonly atMs: number }>()

  constructor(deps: ClientAuthDeps) {
    this.#deps = deps
  }

  /** HTTP Basic. Synchronous, so that parallel guesses cannot outrun the limit. */
  basic(credentials: BasicCredentials, address: string | null): ClientVerdict {
    const key = this.#key(this.#named(credentials), address)
    const seconds = this.#deps.limits.wait('failedClientAuth', key)
    if (seconds > 0) return { kind: 'limited', seconds }
    for (const { id, secret } of credentials.forms) {
      const clientId = parseClientId(id)
      if (clientId !== undefined && this.#deps.clients.secretMatches(clientId, secret)) {
        return this.#known(clientId, key)
      }
    }
    return this.#failed(key)
  }

  async assertion(jwt: string, address: string | null): Promise<ClientVerdict> {
    const key = this.#key(this.#deps.clients.claimant(jwt), address)
    const seconds = this.#deps.limits.wait('failedClientAuth', key)
    if (seconds > 0) return { kind: 'limited', seconds }
    const proof = await this.#deps.clients.assertion(jwt)
    if (proof.kind === 'keys-unavailable') return { kind: 'unavailable' }
    return proof.kind === 'accepted' ? this.#known(proof.clientId, key) : this.#failed(key)
  }

  /** A client without secret or key says only who it is. A confidential one may not (rule 18). */
  publicClient(id: string, address: string | null): ClientVerdict {
    const key = this.#key(id, address)
    const seconds = this.#deps.limits.wait('failedClientAuth', key)
    if (seconds > 0) return { kind: 'limited', seconds }
    const clientId = parseClientId(id)
    const client = clientId && this.#deps.authority.policy.client(clientId)
    if (client === undefined || client.confidential) return this.#failed(key)
    return { kind: 'authenticated', client }
  }

  /** A disabled client has no rights, whatever it proves. @throws StoreUnavailable */
  async enabled(verdict: ClientVerdict): Promise<ClientVerdict> {
    if (verdict.kind !== 'authenticated') return verdict
    const uid = clientUid(verdict.client.id)
    const state = await this.#states.run(uid, () => this.#deps.authority.user(uid))
    const enabled = state.disabledAt === null
    this.#seen.set(verdict.client.id, { enabled, atMs: performance.now() })
    return enabled ? verdict : { kind: 'disabled' }
  }

  /**
   * The same for the refresh, the busiest request: what was read within `enabledForMs` still counts, so
   * that a disabled client may go on for so long on other replicas.
   */
  async enabledLately(verdict: ClientVerdict): Promise<ClientVerdict> {
    if (verdict.kind !== 'authenticated') return verdict
    const seen = this.#seen.get(verdict.client.id)
    const fresh = seen?.enabled === true && performance.now() - seen.atMs < enabledForMs
    return fresh ? verdict : this.enabled(verdict)
  }

  /** This process has just changed the state of a client. */
  forget(uid: Uid): void {
    const client = clientOfUid(uid)
    if (client !== undefined) this.#seen.delete(client)
  }

  #known(id: ClientId, key: string): ClientVerdict {
    const client = this.#deps.authority.policy.client(id)
    return client === undefined ? this.#failed(key) : { kind: 'authenticated', client }
  }

  #failed(key: string): ClientVerdict {
    this.#deps.failed()
    this.#deps.limits.take('failedClientAuth', key)
    return { kind: 'failed' }
  }

  /** Whichever spelling names a client that we know: another one must not have a bucket of its own. */
  #named({ forms }: BasicCredentials): string | undefined {
    const { policy } = this.#deps.authority
    const known = forms.find(({ id }) => {
      const clientId = parseClientId(id)
      return clientId !== undefined && policy.client(clientId) !== undefined
    })
    return (known ?? forms[0])?.id
  }

  /** All unknown clients share one key, so that made-up ids neither help nor fill the memory. */
  #key(id: string | undefined, address: string | null): string {
    const clientId = id === undefined ? undefined : parseClientId(id)
    const known = clientId !== undefined && this.#deps.authority.policy.client(clientId)
    return `${known ? clientId : '?'} ${addressKey(address)}`
  }
}

/** The keys of a client could not be fetched: nothing may be concluded about it. */
export function keysUnavailable(): StoreUnavailable {
  return new StoreUnavailable(new Error("the client's jwksUri did not answer"))
}
