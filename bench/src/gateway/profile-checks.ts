import { join } from 'node:path'
import type { ProfileOrder } from '../http/profile.ts'
import type { Window } from '../measure/contestant.ts'
import { AskerClient } from './asker-client.ts'
import { fewConnections } from './checks.ts'
import { startCurfewGate } from './curfew-gate.ts'
import { type GatewayPlace, signInProvider } from './gateway-part.ts'

/** Curfew answers checks from memory while V8 watches. */
export async function profileChecks(place: GatewayPlace, order: ProfileOrder): Promise<Window> {
  const { folder } = place
  const provider = await signInProvider(place)
  const store = `sqlite:${join(folder, 'profiled.db')}`
  const options = { provider, store, folder, nodeOptions: order.nodeOptions }
  const { server, gatekeeper } = await startCurfewGate(options)
  place.closing(() => server.stop())
  const asker = AskerClient.start()
  place.closing(() => asker.stop())
  const { port, request } = gatekeeper
  const ask = { port, request, connections: fewConnections }
  await asker.ask({ ...ask, windowMs: order.warmUpSeconds * 1000 })
  const { window } = await asker.ask({ ...ask, windowMs: order.seconds * 1000 })
  await server.stop()
  return window
}
