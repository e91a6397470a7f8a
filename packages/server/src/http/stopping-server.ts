import {
  createServer,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'

const draining = new WeakSet<Server>()

/** From now on each answer asks for no further request on its connection; the server goes on accepting. */
export function drain(server: Server): void {
  draining.add(server)
}

/**
 * A server that asks for no further request on a connection once it is told to close: whoever waits for
 * an answer then gets it, and sends the next request elsewhere. Node alone would go on answering on
 * connections that proxies keep, until they are cut off in the middle of one.
 */
export function createStoppingServer(options: ServerOptions, listener: RequestListener): Server {
  const unanswered = new Set<ServerResponse>()
  const server = createServer(options, (message, response) => {
    if (!server.listening || draining.has(server)) response.shouldKeepAlive = false
    listener(message, response)
    // What is answered at once, as most of forward auth is, costs nothing here.
    if (response.writableEnded) return
    unanswered.add(response)
    response.once('close', () => unanswered.delete(response))
  })
  const close = server.close.bind(server)
  server.close = (done) => {
    for (const response of unanswered) response.shouldKeepAlive = false
    return close(done)
  }
  return server
}
