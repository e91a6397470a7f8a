/*
 * The gateway: forward auth for reverse proxies. It owns what a proxy says of a request (one dialect
 * each), the rules, the headers that applications receive, the gateway's cookie, and where sign-in may
 * return to. It imports domain and authority; sessions reach it through CheckPorts and ForwardAuthPorts.
 * Start at decide.ts (what is concluded), then original-request.ts and rules.ts (from what), then
 * hot-path.ts (how fast) and check.ts (what it costs the first time).
 */
export type { Answer, AnswerOptions, MakePage } from './answers.ts'
export type { CanonicalHost } from './canonical.ts'
export type { CheckPorts, FetchedValues, FetchOrder } from './check.ts'
export { cookieReach } from './cookie-reach.ts'
export { type CookieOrder, clearCookie, readCookies, setCookie } from './cookies.ts'
export type { Credential, Identity, Presentation, ProofFault, Via } from './credential.ts'
export type { Forbidden, Verdict } from './decide.ts'
export { type ExplainOrder, type Explanation, explain } from './explain.ts'
export { gatewayFaults } from './faults.ts'
export { type Binding, HandOff, parseBinding, type TicketSeal } from './hand-off.ts'
export {
  ForwardAuth,
  type ForwardAuthOptions,
  type ForwardAuthPorts,
  type OwnOrder,
} from './hot-path.ts'
export type { Mode, OriginalRequest, Refusal, RefusalCode } from './original-request.ts'
export { answerOwn, type OwnOptions } from './own-answers.ts'
export type { OwnStep } from './own-paths.ts'
export type { Condition, Subject } from './requirement.ts'
export { type ReturnTarget, ReturnTargets } from './return-to.ts'
export { type Rule, RuleBook } from './rules.ts'
export type { CookieSettings, GatewaySettings, PublicPlace, RuleSettings } from './settings.ts'
export { withoutSpaces } from './white-space.ts'
