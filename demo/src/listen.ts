import { createServer, type RequestListener, type Server } from 'node:http'

/** One part of the demo, running. */
export interface Part {
  readonly url: string
  stop(): Promise<void>
}

/** How often another free port is tried; each is free on 127.0.0.1 already. */
const attemptsMax = 20

/** On 127.0.0.1, at the preferred port, or at a free one when that is taken. */
export async function listen(server: Server, preferred: number): Promise<Part> {
  const port = await bindAny(server, preferred)
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) }
}

/** A port for another process, chosen in the same way. */
export async function freePort(preferred: number): Promise<number> {
  const probe = createServer()
  const port = await bindAny(probe, preferred)
  await close(probe)
  return port
}

/**
 * The same under the name `localhost`, which is ::1 to some programs and 127.0.0.1 to others: both have
 * to lead here, and to nobody else.
 */
export async function listenLocalhost(listener: RequestListener, preferred: number): Promise<Part> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const [four, six] = [createServer(listener), createServer(listener)]
    const port = await bindAny(four, attempt === 0 ? preferred : 0)
    if ((await bind(six, port, '::1')) !== 'taken') {
      const stop = async () => void (await Promise.all([close(four), close(six)]))
      return { url: `http://localhost:${port}`, stop }
    }
    await close(four)
  }
  throw new Error('no port is free on 127.0.0.1 and on ::1')
}

async function bindAny(server: Server, preferred: number): Promise<number> {
  const wanted = await bind(server, preferred, '127.0.0.1')
  const port = wanted === 'taken' ? await bind(server, 0, '127.0.0.1') : wanted
  if (typeof port !== 'number') throw new Error('no port is free on 127.0.0.1')
  return port
}

/** `absent`: the machine has no such address, as one without IPv6 has no ::1. */
function bind(server: Server, port: number, host: string): Promise<number | 'taken' | 'absent'> {
  return new Promise((resolve, reject) => {
    const failed = ({ code = '', message }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve('taken')
      else if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') resolve('absent')
      else reject(new Error(`cannot listen on ${host}: ${message}`))
    }
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 'absent')
    })
  })
}

/** Also the connections that browsers keep open, and streams that would never end by themselves. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
