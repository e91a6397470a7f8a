/* Redis for tests and bench: a server of our own on 127.0.0.1, without persistence. */
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { redisProgram } from './binaries.ts'
import { launch, type Service } from './child.ts'
import { freePort, serviceIdentity, tempFolder } from './places.ts'

export type Redis = {
  readonly url: string
  readonly port: number
  /** Stops at once and loses everything, as Redis does when its machine is lost. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
  /** Stands still: connections are accepted and nothing is answered, until `resume`. */
  pause(): void
  resume(): void
}

export interface RedisOptions {
  /** Beside what makes it a server of our own. */
  readonly args?: readonly string[]
}

export async function startRedis({ args = [] }: RedisOptions = {}): Promise<Redis> {
  const { path, argv0 } = redisProgram()
  const identity = serviceIdentity('redis')
  const folder = tempFolder('curfew-redis-', identity)
  const port = await freePort()
  const run = (): Promise<Service> =>
    launch({
      program: path,
      argv0,
      args: [...ownArgs(port), ...args],
      identity,
      folder: folder.path,
      logFile: join(folder.path, 'server.log'),
      isReady: () => answersPing(port),
    })
  let service: Service | undefined = await run()
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await service?.end(signal)
    service?.dismiss()
    service = undefined
  }
  const signal = (name: NodeJS.Signals): void => {
    if (service === undefined) throw new Error('this Redis does not run')
    process.kill(service.pid, name)
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => end('SIGKILL'),
    start: async () => {
      service ??= await run()
    },
    stop: async () => {
      // One that stands still would not end.
      if (service !== undefined) process.kill(service.pid, 'SIGCONT')
      await end('SIGTERM')
      folder.remove()
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  }
}

function ownArgs(port: number): readonly string[] {
  return ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port }, () => socket.write('PING\r\n'))
    socket.once('data', (reply) => {
      socket.destroy()
      resolve(reply.toString().startsWith('+PONG'))
    })
    socket.once('error', () => resolve(false))
  })
}
