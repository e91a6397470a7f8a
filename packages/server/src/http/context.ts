import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import type { TSchema } from 'typebox'
import { parseSessionId, type SessionId } from '#domain'
import type { ClientAddresses } from './address.ts'
import type { Overview } from './admin/overview.ts'
import type { SessionWatch } from './admin/session-watch.ts'
import type { VerifiersSeen } from './admin/verifiers-seen.ts'
import type { Caller, Callers } from './callers.ts'
import type { ClientAuth } from './client-auth.ts'
import type { HttpDeps } from './deps.ts'
import type { DeviceWatch } from './device-watch.ts'
import type { BoundTokens } from './dpop.ts'
import type { EventStreams } from './event-streams.ts'
import type { Limits } from './limits.ts'
import type { RouteGroup } from './metric-series.ts'
import { noSuchSession } from './problems.ts'
import type { TypeBoxProvider } from './schemas.ts'

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxProvider
>

/** What routes work with: the room's dependencies, and what app.ts made of them. */
export interface HttpContext extends HttpDeps {
  readonly limiter: Limits
  readonly addresses: ClientAddresses
  readonly clientAuth: ClientAuth
  readonly callers: Callers
  readonly bound: BoundTokens
  readonly streams: EventStreams
  /** What consoles listen to. */
  readonly watch: SessionWatch
  readonly overview: Overview
  readonly verifiers: VerifiersSeen
  /** What screens with a device code listen to. */
  readonly screens: { readonly streams: EventStreams; readonly watch: DeviceWatch }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The `route` label of the metrics. */
    group?: RouteGroup
    /** Who may ask, for the reference. */
    who?: string
    /** The form that /oauth/* reads by itself, for the reference. */
    form?: TSchema
  }
  interface FastifyRequest {
    caller: Caller | null
  }
}

/** The caller that the route's `onRequest` found. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('the route identifies nobody')
  return request.caller
}

/** A malformed id is answered like an unknown one. */
export function sidParam(request: FastifyRequest): SessionId {
  const { sid } = request.params as { readonly sid: string }
  const parsed = parseSessionId(sid)
  if (parsed === undefined) throw noSuchSession()
  return parsed
}
