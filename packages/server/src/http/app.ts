import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import cors from '@fastify/cors'
import formbody from '@fastify/formbody'
import swagger from '@fastify/swagger'
import {
  type ConnectionError,
  type FastifyInstance,
  type FastifyPluginCallback,
  fastify,
} from 'fastify'
import type { Replica } from '#authority'
import type { FeedCursor } from '#domain'
import { account } from './account.ts'
import { ClientAddresses } from './address.ts'
import { Overview } from './admin/overview.ts'
import { SessionWatch } from './admin/session-watch.ts'
import { VerifiersSeen } from './admin/verifiers-seen.ts'
import { answerBrowserError } from './browser/answers.ts'
import { Callers } from './callers.ts'
import { ClientAuth } from './client-auth.ts'
import { refuseCodesInQuery } from './codes-in-urls.ts'
import type { App, HttpContext } from './context.ts'
import { corsOptions } from './cors.ts'
import type { HttpDeps } from './deps.ts'
import { DeviceWatch } from './device-watch.ts'
import { BoundTokens } from './dpop.ts'
import { answerOAuthError, answerProblem, problemOf, sendProblem } from './error-answers.ts'
import { EventStreams } from './event-streams.ts'
import type { Heard } from './fellows.ts'
import { acceptJson } from './json-bodies.ts'
import { KnownPaths } from './known-paths.ts'
import { Limits } from './limits.ts'
import {
  answerWhileSending,
  createListener,
  inOriginForm,
  readUnannouncedBodies,
  refuseCodedBodies,
  requestTimeoutMs,
} from './listener.ts'
import { answerNotFound } from './not-found.ts'
import { parseForm } from './oauth-form.ts'
import { openApiOptions } from './openapi.ts'
import { Problem } from './problems.ts'
import { accountPageRoutes } from './routes/account-page.ts'
import { administrationRoutes } from './routes/administration.ts'
import { authorizeRoute } from './routes/authorize.ts'
import { callbackRoute } from './routes/callback.ts'
import { consoleRoutes } from './routes/console.ts'
import { deviceRoutes } from './routes/device.ts'
import { deviceAuthorizationRoute } from './routes/device-authorization.ts'
import { deviceEventsRoute } from './routes/device-events.ts'
import { devicePageRoutes } from './routes/device-page.ts'
import { feedRoutes } from './routes/feed.ts'
import { feedStreamRoutes } from './routes/feed-stream.ts'
import { healthRoutes, metricsRoute } from './routes/health.ts'
import { homeRoute } from './routes/home.ts'
import { loginRoute } from './routes/login.ts'
import { logoutRoutes } from './routes/logout.ts'
import { insertedMetadataRoutes, metadataRoutes } from './routes/metadata.ts'
import { oauthTokenRoutes } from './routes/oauth-tokens.ts'
import { providerLogoutRoutes } from './routes/provider-logout.ts'
import { pushedAuthorizationRoute } from './routes/pushed-authorization.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { signOutRoutes } from './routes/sign-out.ts'
import { startRoutes } from './routes/start.ts'
import { tokenRoute } from './routes/token.ts'
import { userInfoRoutes } from './routes/userinfo.ts'
import { userRoutes } from './routes/users.ts'
import { ajvOptions } from './schemas.ts'

/** A uid has up to 255 characters, each up to 12 of a path when encoded. */
const paramLengthMax = 4096

export interface Http {
  readonly app: FastifyInstance
  /** For `server.adminListen`: the API, and the only place where the role admin counts. */
  readonly admin: FastifyInstance | undefined
  /** Ends all event streams; closing the app does it too. */
  closeStreams(): void
  /** What this process says of itself to the others; `head`: up to where it has read the feed. */
  presence(head: FeedCursor | null): Pick<Replica, 'streams' | 'verifiers'>
}

/** The API of one replica. `app.listen` or `app.inject` makes it ready. */
export function createHttp(deps: HttpDeps): Http {
  const context = contextOf(deps)
  const { adminElsewhere, corsOrigins } = deps.settings
  const { app, prefix } = routedApp(deps)
  app.addHook('preClose', async () => closeStreams(context))
  void app.register(cors, corsOptions(corsOrigins))
  void app.register(part(adminElsewhere ? apiWithoutAdmin : apiRoutes, context), { prefix })
  void app.register(part(oauthRoutes, context), { prefix })
  void app.register(part(userInfoRoutes, context), { prefix })
  void app.register(part(browserRoutes, context), { prefix })
  if (!adminElsewhere) void app.register(part(consoleRoutes, context), { prefix })
  void app.register(part(insertedMetadataRoutes, context))
  const admin = adminElsewhere ? adminApp(deps, context) : undefined
  return {
    app,
    admin,
    closeStreams: () => closeStreams(context),
    presence: (head) => ({
      streams: context.streams.size + context.screens.streams.size,
      verifiers: context.verifiers.list(context.clock.now(), head),
    }),
  }
}

function closeStreams({ streams, screens }: HttpContext): void {
  streams.closeAll()
  screens.streams.closeAll()
}

/** The same API on another listener; no browser of another origin comes there. */
function adminApp(deps: HttpDeps, context: HttpContext): FastifyInstance {
  const { app, prefix } = routedApp({ ...deps, ahead: () => false })
  void app.register(part(apiRoutes, context), { prefix })
  void app.register(part(consoleRoutes, context), { prefix })
  return app
}

/** Routes are described as they are added, and a path with another method is told from no path at all. */
function routedApp(deps: HttpDeps) {
  const paths = new KnownPaths()
  const app = bareApp(deps, ajvOptions(deps.clock))
  app.addHook('onRoute', ({ url, method }) => paths.add(url, method))
  void app.register(swagger, openApiOptions(deps.settings.publicUrl))
  const prefix = new URL(deps.settings.publicUrl).pathname.replace(/\/$/, '')
  app.setNotFoundHandler((request, reply) => {
    answerNotFound({ paths, prefix, settings: deps.settings }, request, reply)
  })
  return { app, prefix }
}

/** /metrics on a listener of its own (`server.metricsListen`). */
export function createMetricsApp(deps: Pick<HttpDeps, 'metrics' | 'log'>): FastifyInstance {
  const paths = new KnownPaths()
  const app = bareApp(deps, {})
  app.addHook('onRoute', ({ url, method }) => paths.add(url, method))
  app.setNotFoundHandler((request, reply) => {
    answerNotFound({ paths, prefix: '', settings: null }, request, reply)
  })
  metricsRoute(app as unknown as App, deps.metrics, { behindProxies: true })
  return app
}

function contextOf(deps: HttpDeps): HttpContext {
  const { authority, clients, metrics, settings, fellows, dpop } = deps
  const limiter = new Limits(settings.limits, {
    monotonic: () => performance.now(),
    limited: (limit) => metrics.count('curfew_rate_limited_total', { limit }),
    taken: (limit, key) => fellows.tell({ kind: 'taken', limit, key }),
    given: (limit, key) => fellows.tell({ kind: 'given', limit, key }),
  })
  const addresses = new ClientAddresses(settings.trustedProxies)
  const failed = () => metrics.count('curfew_client_auth_failures_total', {})
  const clientAuth = new ClientAuth({ authority, clients, limits: limiter, failed })
  const bound = new BoundTokens({ authority, dpop, publicUrl: settings.publicUrl })
  const callers = new Callers({
    ...{ authority, clientAuth, addresses, limits: limiter, bound },
    ...{ browser: deps.browser, publicUrl: settings.publicUrl },
  })
  const streams = new EventStreams(settings.limits, (word) => fellows.tell(word))
  fellows.onWord((heard) => heed(heard, limiter, streams))
  const consoles = {
    watch: new SessionWatch(deps),
    overview: new Overview(deps, () => performance.now()),
    verifiers: new VerifiersSeen(),
  }
  const screens = {
    // Whoever may open these needs no credentials: they never take the place of the feed's.
    streams: new EventStreams(settings.limits),
    watch: new DeviceWatch(deps.devices, deps.log),
  }
  metrics.source('curfew_event_streams', () => streams.size + screens.streams.size)
  return { ...deps, limiter, addresses, clientAuth, callers, bound, streams, ...consoles, screens }
}

/** What other workers let through counts here too. */
function heed(heard: Heard, limiter: Limits, streams: EventStreams): void {
  switch (heard.kind) {
    case 'taken':
      limiter.note(heard.limit, heard.key)
      break
    case 'given':
      limiter.noteBack(heard.limit, heard.key)
      break
    case 'streams':
      streams.heard(heard.from, heard.caller, heard.open)
      break
    case 'gone':
      streams.forget(heard.from)
      break
    default:
      heard satisfies never
  }
}

function bareApp(
  deps: Pick<HttpDeps, 'log' | 'metrics'> & Partial<Pick<HttpDeps, 'settings' | 'ahead'>>,
  ajv: ReturnType<typeof ajvOptions>,
): FastifyInstance {
  const app = fastify({
    // One line a request, written by us: Fastify's own would hold the raw URL.
    logger: false,
    ...(deps.ahead === undefined ? {} : { serverFactory: serverWith(deps.ahead) }),
    requestIdHeader: false,
    genReqId: requestIds(),
    bodyLimit: deps.settings?.bodyLimitBytes ?? 1024,
    // Fastify turns Node's own limit off; a body that trickles in would hold a connection for ever.
    requestTimeout: requestTimeoutMs,
    // Requests on open connections are still answered while the server closes, as problems if need be.
    return503OnClosing: false,
    routerOptions: { maxParamLength: paramLengthMax },
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, _request, reply) => {
      reply.headers(securityHeaders)
      sendProblem(reply, problemOf(error))
    },
    ...(ajv === undefined ? {} : { ajv }),
  })
  app.decorateRequest('caller', null)
  readUnannouncedBodies(app)
  refuseCodedBodies(app)
  answerWhileSending(app)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders)
    account(deps, request, reply)
    done()
  })
  app.setErrorHandler(answerProblem(deps.log))
  return app
}

/** Forward auth is answered before the router looks at a request: every layer there costs a share. */
function serverWith(ahead: HttpDeps['ahead']) {
  return (route: RequestListener) =>
    createListener((message, response) => {
      if (ahead(message, response)) return
      message.url = inOriginForm(message.url ?? '/')
      route(message, response)
    })
}

type Routes = (app: App, context: HttpContext) => void

/** Routes as a plugin, so that hooks, parsers and error handlers stay within it. */
function part(routes: Routes, context: HttpContext): FastifyPluginCallback {
  return (scope, _options, done) => {
    routes(scope as unknown as App, context)
    done()
  }
}

function apiRoutes(app: App, context: HttpContext): void {
  apiForAll(app, context)
  administrationRoutes(app, context)
}

/** With `server.adminListen` nobody is an administrator on the main listener, whatever a token says. */
function apiWithoutAdmin(app: App, context: HttpContext): void {
  apiForAll(app, { ...context, callers: context.callers.without('admin') })
}

function apiForAll(app: App, context: HttpContext): void {
  refuseEmptySegments(app)
  acceptJson(app)
  refuseCodesInQuery(app)
  startRoutes(app, context)
  sessionRoutes(app, context)
  userRoutes(app, context)
  logoutRoutes(app, context)
  feedRoutes(app, context)
  feedStreamRoutes(app, context)
  deviceRoutes(app, context)
  deviceEventsRoute(app, context)
  metadataRoutes(app, context)
  healthRoutes(app, context)
}

function oauthRoutes(app: App, context: HttpContext): void {
  app.removeAllContentTypeParsers()
  void app.register(formbody, { parser: (text) => ({ ...parseForm(text) }) })
  app.setErrorHandler(answerOAuthError(context.log))
  refuseCodesInQuery(app)
  // Within, so that the parser above is there when these are added.
  void app.register(part(tokenRoute, context))
  void app.register(part(oauthTokenRoutes, context))
  void app.register(part(deviceAuthorizationRoute, context))
  void app.register(part(pushedAuthorizationRoute, context))
}

/** What people and identity providers open: pages, redirects, announcements. */
function browserRoutes(app: App, context: HttpContext): void {
  app.setErrorHandler(answerBrowserError(context))
  refuseCodesInQuery(app)
  homeRoute(app, context)
  loginRoute(app, context)
  authorizeRoute(app, context)
  callbackRoute(app, context)
  signOutRoutes(app, context)
  devicePageRoutes(app, context)
  accountPageRoutes(app, context)
  providerLogoutRoutes(app, context)
}

/** The router lets a parameter be empty: `/sessions/` would be a session without an id. */
function refuseEmptySegments(app: App): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const [path = ''] = (request.raw.url ?? '').split('?', 1)
    const empty = path.endsWith('/') || path.includes('//')
    done(empty ? new Problem('not_found', { detail: 'There is no such path.' }) : undefined)
  })
}

const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** The prefix tells processes apart in one log; the rest counts. */
function requestIds(): () => string {
  const prefix = randomBytes(4).toString('hex')
  let count = 0
  return () => `${prefix}-${(++count).toString(36)}`
}

/** What is not HTTP, or too large to be read: there is no request to answer yet. */
function answerUnreadable(error: ConnectionError, socket: Socket): void {
  if (socket.destroyed || !socket.writable) return
  const overflow = (error as { readonly code?: string }).code === 'HPE_HEADER_OVERFLOW'
  const problem = overflow
    ? new Problem('headers_too_large')
    : new Problem('invalid_request', { detail: 'This is not a readable HTTP request.' })
  const body = JSON.stringify(problem.body())
  const status = overflow ? '431 Request Header Fields Too Large' : '400 Bad Request'
  const length = Buffer.byteLength(body)
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${length}\r\nCache-Control: no-store\r\n\r\n${body}`,
  )
}
