import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Logger } from 'pino'
import type { Config, ListenAddress } from '#config'
import { createListener, createMetricsApp, drain, type Http, type Metrics } from '#http'
import type { Front } from './front.ts'

/** How long requests in flight may take once the server no longer accepts (API.md, section 1). */
export const drainMs = 10_000

export interface Listeners {
  /** Of the main one. */
  readonly url: string
  /** From now on each answer asks its connection to end, so that few are left to be closed. */
  drain(): void
  /** What is in flight may finish; what does not within `drainMs` is cut off. */
  close(): Promise<void>
}

export interface Listening {
  readonly http: Http
  readonly front: Front
  readonly metrics: Metrics
  readonly log: Logger
}

/** All that the configuration names; the main one last, so that it answers only when all do. */
export async function openListeners(
  config: Config,
  { http, front, metrics, log }: Listening,
): Promise<Listeners> {
  const gate = await listenForProxies(config, front)
  const metricsApp = await listenForMetrics(config, { metrics, log })
  const url = await listen(http, config.server.listen)
  return {
    url,
    drain: () => {
      drain(http.app.server)
      if (gate !== undefined) drain(gate)
    },
    close: async () => {
      await Promise.all([close(http), closeServer(gate)])
      await metricsApp?.close()
    },
  }
}

async function listen(http: Http, address: ListenAddress): Promise<string> {
  await http.app.listen({ host: address.host, port: address.port })
  const bound = http.app.server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `http://${host}:${port}`
}

/** `gateway.listen`: nobody but proxies comes there. */
async function listenForProxies({ gateway }: Config, front: Front): Promise<Server | undefined> {
  if (gateway.listen === null) return undefined
  const { host, port } = gateway.listen
  const server = createListener((message, response) => {
    if (!front.forwardAuth.handle(message, response)) response.writeHead(404).end()
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

async function listenForMetrics(
  { server: { metricsListen } }: Config,
  deps: Pick<Listening, 'metrics' | 'log'>,
): Promise<Http['app'] | undefined> {
  if (metricsListen === null) return undefined
  const app = createMetricsApp(deps)
  await app.listen({ host: metricsListen.host, port: metricsListen.port })
  return app
}

async function closeServer(server: Server | undefined): Promise<void> {
  if (server === undefined) return
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  server.close()
  await once(server, 'close')
  clearTimeout(cut)
}

async function close(http: Http): Promise<void> {
  const cut = setTimeout(() => http.app.server.closeAllConnections(), drainMs)
  http.closeStreams()
  await http.app.close()
  clearTimeout(cut)
}
