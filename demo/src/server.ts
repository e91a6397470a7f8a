import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface DemoServer {
  readonly url: string
  readonly backendSecret: string
  readonly feedSecret: string
  /** Ends the process and removes its folder. */
  stop(): Promise<void>
}

const preferredPort = 4455

/** Curfew on a throw-away embedded store, with one backend and one service that reads the feed. */
export async function startServer(): Promise<DemoServer> {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-demo-'))
  const backendSecret = randomBytes(16).toString('hex')
  const feedSecret = randomBytes(16).toString('hex')
  const port = (await listens(preferredPort)) ?? (await listens(0)) ?? 0
  const config = join(folder, 'curfew.yaml')
  await writeFile(config, configText({ port, folder, backendSecret, feedSecret }))
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve('curfew/bin')), 'serve', '--config', config],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  )
  const stop = () => stopAndRemove(child, folder)
  try {
    return { url: await listening(child), backendSecret, feedSecret, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configText(values: {
  readonly port: number
  readonly folder: string
  readonly backendSecret: string
  readonly feedSecret: string
}): string {
  const config = {
    server: {
      publicUrl: `http://127.0.0.1:${values.port}`,
      listen: `127.0.0.1:${values.port}`,
    },
    store: `sqlite:${join(values.folder, 'curfew.db')}`,
    secrets: [randomBytes(32).toString('base64url')],
    clients: [
      { id: 'backend', secret: values.backendSecret, roles: ['issuer'], mayGrant: ['pilot'] },
      { id: 'satellite-provider', secret: values.feedSecret, roles: ['service'] },
    ],
  }
  // JSON is YAML.
  return `${JSON.stringify(config, null, 2)}\n`
}

/** The one line that `serve` prints; all else that it says goes to our stderr if it fails. */
async function listening(child: ChildProcess): Promise<string> {
  const said: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  if (child.stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface(child.stdout)) {
    const match = /^curfew listening on (\S+)$/.exec(line)
    if (match?.[1] !== undefined) return match[1]
  }
  throw new Error(`the server did not start:\n${said.join('')}`)
}

async function stopAndRemove(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
  }
  await rm(folder, { recursive: true, force: true })
}

/** The port itself, or a free one for 0; undefined when it is taken. */
async function listens(port: number): Promise<number | undefined> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(undefined))
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address()
      const taken = typeof address === 'object' && address !== null ? address.port : undefined
      probe.close(() => resolve(taken))
    })
  })
}
