/* Redis for tests and bench: a server of our own on 127.0.0.1, without persistence. */
import { chownSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { privateAuthority, serverCertificate, serverKey } from '../oidc/certificates.ts'
import { redisProgram } from './binaries.ts'
import { launch, type Service } from './child.ts'
import { freePort, serviceIdentity, tempFolder } from './places.ts'

export type Redis = {
  readonly url: string
  readonly port: number
  /** Stops at once and loses everything, as Redis does when its machine is lost. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Forgets everything that it holds, and goes on. */
  flush(): Promise<void>
  stop(): Promise<void>
  /** Stands still: connections are accepted and nothing is answered, until `resume`. */
  pause(): void
  resume(): void
}

export interface RedisOptions {
  /** Beside what makes it a server of our own. */
  readonly args?: readonly string[]
  /** One of `files`, which it may rewrite. */
  readonly config?: string
  /** Files in its folder, by name, which is also where it runs. */
  readonly files?: Readonly<Record<string, string>>
  /** TLS alone, with the certificate that `privateAuthority` signed. */
  readonly tls?: boolean
}

const tlsFiles = { 'ca.pem': privateAuthority, 'cert.pem': serverCertificate, 'key.pem': serverKey }
const tlsArgs = [
  ...['--tls-cert-file', 'cert.pem', '--tls-key-file', 'key.pem'],
  ...['--tls-ca-cert-file', 'ca.pem', '--tls-auth-clients', 'no'],
]

export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const { args = [], files = {}, tls = false, config } = options
  const { path, argv0 } = redisProgram()
  const identity = serviceIdentity('redis')
  const folder = tempFolder('curfew-redis-', identity)
  const port = await freePort()
  for (const [name, text] of Object.entries({ ...(tls ? tlsFiles : {}), ...files })) {
    writeFileSync(join(folder.path, name), text)
    if (identity !== undefined) chownSync(join(folder.path, name), identity.uid, identity.gid)
  }
  const run = (): Promise<Service> =>
    launch({
      program: path,
      argv0,
      args: [...(config === undefined ? [] : [config]), ...ownArgs(port, tls), ...args],
      identity,
      folder: folder.path,
      logFile: join(folder.path, 'server.log'),
      isReady: () => (tls ? accepts(port) : answersPing(port)),
    })
  let service: Service | undefined = await run()
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    // One that stands still would not end.
    if (service !== undefined) process.kill(service.pid, 'SIGCONT')
    await service?.end(signal)
    service?.dismiss()
    service = undefined
  }
  const signal = (name: NodeJS.Signals): void => {
    if (service === undefined) throw new Error('this Redis does not run')
    process.kill(service.pid, name)
  }
  return {
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    port,
    kill: () => end('SIGKILL'),
    flush: async () => {
      if ((await say(port, 'FLUSHALL')) !== '+OK') throw new Error('Redis did not forget')
    },
    start: async () => {
      service ??= await run()
    },
    stop: async () => {
      await end('SIGTERM')
      folder.remove()
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  }
}

function ownArgs(port: number, tls: boolean): readonly string[] {
  const ports = tls ? ['--port', '0', '--tls-port', `${port}`, ...tlsArgs] : ['--port', `${port}`]
  return ['--bind', '127.0.0.1', ...ports, '--save', '', '--appendonly', 'no']
}

/** One that wants a password answers, too. */
async function answersPing(port: number): Promise<boolean> {
  return /^(?:\+PONG|-NOAUTH|-DENIED)/.test(await say(port, 'PING').catch(() => ''))
}

/** One inline command on a connection of its own, and the first line of what is answered. */
function say(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => socket.write(`${command}\r\n`))
    socket.once('data', (reply) => {
      socket.destroy()
      resolve(reply.toString().split('\r\n')[0] ?? '')
    })
    socket.once('error', reject)
  })
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
