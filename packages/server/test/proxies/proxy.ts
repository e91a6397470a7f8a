/*
 * A real reverse proxy with the configuration that users copy from examples/: only addresses, ports and
 * paths are replaced. Children of the test, in a folder of their own.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launch, type Service } from '../services/child.ts'
import { freePort, type Identity, serviceIdentity, tempFolder } from '../services/places.ts'
import type { ProxyName } from '../services/proxy-binaries.ts'
import { exchange } from './raw-http.ts'

/** The names that the examples give to Curfew and to the application. */
export const authHost = 'auth.example.com'
export const appHost = 'app.example.com'

export type Behind = { readonly curfew: number; readonly app: number }

export type RunningProxy = {
  readonly name: ProxyName
  readonly port: number
  log(): string
  stop(): Promise<void>
}

const examples = fileURLToPath(new URL('../../../../examples/', import.meta.url))

/** As the heads of the examples say, and in the foreground. */
const commands: Readonly<Record<ProxyName, readonly string[]>> = {
  nginx: ['-p', '.', '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;'],
  caddy: ['run', '--config', 'Caddyfile'],
  haproxy: ['-f', 'haproxy.cfg'],
}

/** What the examples say, and what it is here. */
type Places = { readonly '8000': number; readonly '4455': number; readonly '8080': number }

export async function startProxy(
  name: ProxyName,
  program: string,
  behind: Behind,
): Promise<RunningProxy> {
  const identity = serviceIdentity('nobody')
  const folder = tempFolder(`curfew-${name}-`, identity)
  try {
    const { service, port } = await onFreePort({
      name,
      program,
      behind,
      identity,
      folder: folder.path,
    })
    const stop = async (): Promise<void> => {
      await service.end('SIGTERM')
      service.dismiss()
      folder.remove()
    }
    return { name, port, log: () => readFileSync(logIn(folder.path), 'utf8'), stop }
  } catch (error) {
    folder.remove()
    throw error
  }
}

type Order = {
  readonly name: ProxyName
  readonly program: string
  readonly behind: Behind
  readonly identity: Identity | undefined
  readonly folder: string
}

async function onFreePort(order: Order): Promise<{ service: Service; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return { port, service: await run(order, port) }
    } catch (error) {
      // Someone else may have taken the port in between.
      if (attempt === 3) throw error
    }
  }
}

function run({ name, program, behind, identity, folder }: Order, port: number): Promise<Service> {
  const { curfew, app } = behind
  copyExample(name, folder, { '8000': port, '4455': curfew, '8080': app })
  return launch({
    ...{ program, args: commands[name], identity, folder, logFile: logIn(folder) },
    // Caddy keeps its state below these.
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    isReady: () => answers(port),
  })
}

function logIn(folder: string): string {
  return join(folder, 'proxy.log')
}

/** Every file of the example, with these ports; each of them has to stand somewhere. */
export function copyExample(name: string, folder: string, places: Places): void {
  const from = join(examples, name)
  const texts = readdirSync(from).map(
    (file) => [file, readFileSync(join(from, file), 'utf8')] as const,
  )
  for (const port of Object.keys(places)) {
    if (
      !texts.some(([, text]) => text.includes(`127.0.0.1:${port}`) || text.includes(`:${port} {`))
    ) {
      throw new Error(`examples/${name} no longer names the port ${port}`)
    }
  }
  const put = (text: string): string =>
    text.replace(/\b(?:8000|4455|8080)\b/g, (port) => String(places[port as keyof Places]))
  for (const [file, text] of texts) writeFileSync(join(folder, file), put(text))
}

/** What every example says by itself: nothing leads to forward auth from outside. */
async function answers(port: number): Promise<boolean> {
  try {
    const { status } = await exchange(port, {
      target: '/forward-auth',
      headers: ['Host', authHost],
    })
    return status === 404
  } catch {
    return false
  }
}
