/* As much of oidc-provider as the tests and the demo use; it ships no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export class Provider {
    readonly Session: {
      get(context: {
        readonly req: IncomingMessage
        readonly res: ServerResponse
        readonly secure: boolean
      }): Promise<{ readonly accountId?: string }>
    }
    readonly Grant: GrantModel

    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    callback(): (request: IncomingMessage, response: ServerResponse) => void
    on(event: string, listener: (...values: unknown[]) => void): this
    /** Rejects for a sign-in that is over, or that this browser has not begun. */
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<unknown>
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: { readonly login: { readonly accountId: string } },
    ): Promise<void>
  }

  export interface GrantModel {
    new (owner: { readonly accountId?: string; readonly clientId: string }): Grant
    find(id: string): Promise<Grant | undefined>
  }

  export interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }

  /** What configuration's functions are handed (koa's context). */
  export interface Context {
    body: unknown
    get(header: string): string
    readonly oidc: {
      readonly provider: Provider
      readonly client?: { readonly clientId: string }
      readonly session?: {
        readonly accountId?: string
        grantIdFor(clientId: string): string | undefined
      }
      readonly entities: Readonly<Record<string, unknown>>
    }
  }
}

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  export function createMemoryAdapter(): (model: string) => unknown
}
