/* The contract of the API on a made-up world, and the built console beside it, with its policy. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerApi } from './mock-api.ts'
import { builtConsole, serveConsole } from './mock-files.ts'
import { World } from './world.ts'

export interface Mock {
  /** Where the console is. */
  readonly url: string
  readonly world: World
  /** Answers of some path instead of the real ones; a path is compared by its beginning. */
  readonly faults: Map<string, { readonly status: number; readonly body: object }>
  /** How many ends the last verifier has not read. */
  late: number
  dropStreams(): void
  /** More has happened than is told. */
  resetStreams(): void
  close(): Promise<void>
}

/** publicUrl of the mock has a path, so that an absolute address in the console leads nowhere. */
const base = '/auth'
const keepAliveMs = 15_000

export async function startMock({
  port = 0,
  sessions = 10_000,
  folder = builtConsole,
} = {}): Promise<Mock> {
  const world = new World(() => Math.floor(Date.now() / 1000), sessions)
  const streams = new Set<ServerResponse>()
  const server = createServer((request, response) => void handle(request, response))

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://mock')
    const path = url.pathname.startsWith(`${base}/`) ? url.pathname.slice(base.length) : null
    if (path === null) return reply(response, 404, { title: 'Not below publicUrl' })
    if (path.startsWith('/console/'))
      return serveConsole(path.slice('/console/'.length), folder, response)
    const fault = [...mock.faults].find(([prefix]) => path.startsWith(prefix))?.[1]
    if (fault) return reply(response, fault.status, fault.body)
    if (path === '/admin/events') return stream(response)
    const body = await readBody(request)
    const answer = answerApi(
      { method: request.method ?? 'GET', path, query: url.searchParams, body },
      { world, late: mock.late },
    )
    reply(response, answer.status, answer.body)
  }

  function stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': hello\n\n')
    streams.add(response)
    const leave = world.onSession((item) => {
      response.write(`event: session\ndata: ${JSON.stringify(item)}\n\n`)
    })
    const timer = setInterval(() => response.write(': still here\n\n'), keepAliveMs)
    response.on('close', () => {
      leave()
      clearInterval(timer)
      streams.delete(response)
    })
  }

  const mock: Mock = {
    ...{ url: '', world, faults: new Map(), late: 0 },
    dropStreams: () => {
      for (const one of streams) one.destroy()
    },
    resetStreams: () => {
      for (const one of streams) one.write('event: reset\ndata: {}\n\n')
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: bound } = server.address() as AddressInfo
  return Object.assign(mock, { url: `http://127.0.0.1:${bound}${base}/console/` })
}

function reply(response: ServerResponse, status: number, body: object): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const piece of request) text += String(piece)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}
