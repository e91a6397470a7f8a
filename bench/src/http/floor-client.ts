import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { LoadClient } from './load-client.ts'

export interface Floor {
  readonly pid: number
  readonly load: LoadClient
  stop(): void
}

/** The bare server and a load of its own. */
export async function startFloor(): Promise<Floor> {
  const child = fork(fileURLToPath(new URL('floor.ts', import.meta.url)))
  const [port] = await once(child, 'message')
  const target = { port: Number(port), authorization: '', publicClient: 'mobile' }
  const load = await LoadClient.start(target)
  const stop = () => {
    load.stop()
    if (child.connected) child.disconnect()
  }
  return { pid: child.pid ?? 0, load, stop }
}
