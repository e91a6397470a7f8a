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
  const { listen, adminListen } = config.server
  const gate = await listenForProxies(config, front)
  const metricsApp = await listenForMetrics(config, { metrics, log })
  const { app, admin } = http
  if (admin !== undefined && adminListen !== null) await listenAt(admin, adminListen)
  const url = await listenAt(app, listen)
  return {
    url,
    drain: () => {
      for (const server of [app.server, admin?.server, gate])
        if (server !== undefined) drain(server)
    },
    close: async () => {
      http.closeStreams()
      await Promise.all([close(app), close(admin), closeServer(gate)])
      await metricsApp?.close()
    },
  }
}

type App = Http['app']

async function listenAt(app: App, address: ListenAddress): Promise<string> {
  await app.listen({ host: address.host, port: address.port })
  const bound = app.server.address()
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
): Promise<App | undefined> {
  if (metricsListen === null) return undefined
  const app = createMetricsApp(deps)
  await listenAt(app, metricsListen)
  return app
}

async function closeServer(server: Server | undefined): Promise<void> {
  if (server === undefined) return
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  server.close()
  await once(server, 'close')
  clearTimeout(cut)
}

async function close(app: App | undefined): Promise<void> {
  if (app === undefined) return
  const cut = setTimeout(() => app.server.closeAllConnections(), drainMs)
  await app.close()
  clearTimeout(cut)
}
