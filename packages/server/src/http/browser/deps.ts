import type { GatewayAuthority } from '#authority'
import type { CookieSettings, cookieReach, HandOff, ReturnTargets } from '#gateway'
import type { LogoutTokenVerdict, Provider, SignInFlow, SignOutOrder } from '#oidc'
import type { PushedRequests } from '../authorization/pushed-requests.ts'
import type { SignOutTickets } from './sign-out-tickets.ts'

/** What sign-in and sign-out in browsers work with; `main` joins it. */
export interface BrowserDeps {
  readonly gateway: GatewayAuthority
  readonly flow: SignInFlow
  readonly providers: {
    list(): readonly Pick<Provider, 'settings'>[]
    ofIssuer(issuer: string): readonly unknown[]
  }
  /** By the rules in force; asked per request. */
  readonly targets: () => ReturnTargets
  readonly cookie: CookieSettings & { readonly secure: boolean }
  /** Does the cookie reach a host? */
  readonly reaches: ReturnType<typeof cookieReach>
  /** `gateway.prefix`. */
  readonly prefix: string
  readonly handOff: Pick<HandOff, 'issue'>
  readonly tickets: SignOutTickets
  readonly pushed: PushedRequests
  /** The provider's sign-out page; undefined: it has none. */
  readonly signOutUrl: (order: SignOutOrder) => Promise<string | undefined>
  readonly verifyLogoutToken: (token: string) => Promise<LogoutTokenVerdict>
}
