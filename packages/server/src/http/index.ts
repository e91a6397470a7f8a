/*
 * http: the API over HTTP. It owns routes, credentials of requests, answers and errors, limits, and the
 * metrics registry. It imports domain, authority and, where needed, adapters; it writes no SQL and holds
 * no state of sessions. Start at deps.ts (what it is given), app.ts (how it is joined), then the route
 * that you look for: routes/, one noun a file. Errors: problems.ts. Who asks: callers.ts.
 */
export type { AdminDeps } from './admin/deps.ts'
export { effectJson, effectStates, retryAct, webhookHosts } from './admin/effect-answers.ts'
export { keysJson, rotateAct, rotatedJson } from './admin/key-answers.ts'
export { createHttp, createMetricsApp, type Http } from './app.ts'
export { PushedRequests } from './authorization/pushed-requests.ts'
export type { BrowserDeps } from './browser/deps.ts'
export { lookOf } from './browser/look.ts'
export { SignOutTickets } from './browser/sign-out-tickets.ts'
export { openConsoleFiles } from './console-files.ts'
export type {
  AssertionProof,
  ClientCredentials,
  FeedEvent,
  FeedEvents,
  HttpDeps,
  HttpSettings,
  LimitTable,
  RateLimit,
  Readiness,
  TokenExchange,
} from './deps.ts'
export { type Fellows, type Heard, noFellows, type Word } from './fellows.ts'
export { createListener } from './listener.ts'
export { type SeriesKind, type SeriesName, series } from './metric-series.ts'
export { Metrics } from './metrics.ts'
export { type MetricsReport, sumOfReports, whatStays } from './metrics-sum.ts'
export { oauthErrors } from './oauth-error.ts'
export {
  forbiddenPage,
  type Illegible,
  illegibleIn,
  leastContrast,
  unavailablePage,
} from './pages/index.ts'
export { type ProblemCode, problemKinds } from './problems.ts'
export {
  type ApiDescription,
  type ApiOperation,
  type ApiSchema,
  describeApi,
} from './reference.ts'
export { auditJson } from './routes/audit.ts'
export { createSignals } from './signals.ts'
export { drain } from './stopping-server.ts'
