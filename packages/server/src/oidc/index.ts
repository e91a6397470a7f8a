/*
 * The relying party: discovery, sign-in, callback, provider refresh, provider logout. The only room that
 * speaks with identity providers and knows openid-client. It imports domain and authority; it keeps
 * nothing, and gets its settings as plain values. Start at providers.ts, then flow.ts (a person's
 * sign-in), refresher.ts (the port ProviderGrants) and logout-token.ts.
 */
export {
  type BeginInput,
  type Begun,
  type Bounced,
  createSignInFlow,
  type Returned,
  type ReturnInput,
  type SignInFlow,
  type SignInFlowOptions,
} from './flow.ts'
export type { CookieJar, CookieOrder, CookieSeal } from './flow-cookies.ts'
export { type FlowFailure, type FlowFailureCode, flowFailureCodes } from './flow-failures.ts'
export {
  type ForeignIssuer,
  ForeignTokens,
  type ForeignTokensOptions,
  type ForeignVerdict,
} from './foreign-tokens.ts'
export { type SignOutOrder, signOutUrl } from './logout.ts'
export { type LogoutToken, type LogoutTokenVerdict, verifyLogoutToken } from './logout-token.ts'
export { createOutboundFetch } from './provider-http.ts'
export { type Lacking, type ProviderTrial, tryProvider } from './provider-trial.ts'
export { type Provider, Providers, type ProvidersOptions } from './providers.ts'
export { createProviderGrants } from './refresher.ts'
export type { ProviderSettings, ProxyEnvironment } from './settings.ts'
export { type SubjectTokenVerdict, verifySubjectToken } from './subject-token.ts'
