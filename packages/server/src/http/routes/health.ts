import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App, HttpContext } from '../context.ts'
import type { Metrics } from '../metrics.ts'
import { Problem } from '../problems.ts'
import { closed } from '../schemas.ts'

const tags = ['Health']
const dependencies = Type.Record(Type.String(), Type.String())

export function healthRoutes(app: App, context: HttpContext): void {
  const config = { group: 'health', who: 'anybody' } as const
  app.get(
    '/healthz',
    {
      config,
      schema: {
        tags,
        summary: 'The process is alive',
        response: { 200: closed({ status: Type.String() }) },
      },
    },
    async () => ({ status: 'alive' }),
  )

  app.get(
    '/readyz',
    {
      config,
      schema: {
        tags,
        summary: 'This replica may be sent requests; the body names each dependency',
        response: { 200: closed({ status: Type.String(), dependencies }) },
      },
    },
    async () => {
      const state = context.readiness()
      if (state.ready) return { status: 'ready', dependencies: state.dependencies }
      throw new Problem('not_ready', {
        members: { dependencies: state.dependencies },
        headers: { 'retry-after': String(Math.max(1, Math.ceil(state.retryAfterSeconds))) },
      })
    },
  )

  if (!context.settings.metricsElsewhere) metricsRoute(app, context.metrics)
}

export function metricsRoute(app: App, metrics: Metrics, options = { behindProxies: false }): void {
  app.get(
    '/metrics',
    {
      config: { group: 'health', who: 'anybody who does not come through a proxy' },
      schema: { tags, summary: 'Metrics in the text format of Prometheus' },
    },
    async (request, reply) => {
      if (!options.behindProxies && throughProxy(request)) throw new Problem('not_found')
      return reply.type(metrics.contentType).send(await metrics.text())
    },
  )
}

/** What a proxy passes on came from outside; metrics are for those inside. */
function throughProxy(request: FastifyRequest): boolean {
  return Object.keys(request.headers).some((name) => ofProxies.test(name))
}

const ofProxies =
  /^(?:forwarded|via|x-(?:real|client)-ip|(?:true-client|cf-connecting)-ip|x-(?:forwarded|original|envoy)(?:-.*)?)$/
