import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A server of this folder in a process of its own, on a port that the system chose. */
export interface ForkedServer {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/** Starts `file` with its settings as a message; it answers with its port. */
export async function forkServer(file: string, settings: unknown): Promise<ForkedServer> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  // What operators are told to set, and what Express looks at.
  const child = fork(path, { env: { ...process.env, NODE_ENV: 'production' } })
  child.send(settings as object)
  const port = await Promise.race([portOf(child), endOf(child, file)])
  return { pid: child.pid ?? 0, port, stop: () => stop(child) }
}

async function portOf(child: ChildProcess): Promise<number> {
  const [port] = await once(child, 'message')
  return Number(port)
}

async function endOf(child: ChildProcess, file: string): Promise<never> {
  const [code] = await once(child, 'exit')
  throw new Error(`${file} ended with ${String(code)} before it listened`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (!child.connected) return
  const gone = once(child, 'exit')
  child.disconnect()
  await gone
}
