import { type Contestant, callersWindow, counted } from '../measure/contestant.ts'
import type { StoreActs } from '../store/acts.ts'
import { stockOf } from '../store/contestants.ts'
import type { CurfewProcess } from './curfew-process.ts'
import type { Floor } from './floor-client.ts'
import type { LoadClient } from './load-client.ts'
import { type LoadAct, loadActs } from './load-orders.ts'

export const httpCallers = [1, 16] as const
/** With the store's own acts and the floor. */
export const contestantsPerServer = loadActs.length * (httpCallers.length + 1) + 1
export const floorName = 'bare node:http'

/** Logouts per second that a window is stocked for; one that runs dry just ends early. */
const stockedLogoutsPerSecond = 2500

export interface ServedStore {
  readonly kind: string
  readonly server: CurfewProcess
  readonly load: LoadClient
  /** A store of the same engine without HTTP: what the same second could have held. */
  readonly store: StoreActs
}

export const storeCallers = 16

export function httpName(kind: string, act: LoadAct, callers: number): string {
  return `${kind} http ${act} ${callers}`
}

export function storeName(kind: string, act: LoadAct): string {
  return `${kind} store ${act} ${storeCallers}`
}

/** What HTTP on Node costs at the least. */
export function floorContestant({ pid, load }: Floor): Contestant {
  const window = (windowMs: number) =>
    counted(
      () => load.window('bare', storeCallers, windowMs),
      () => ({ server: [pid] }),
    )
  return { name: floorName, window }
}

export function httpContestants(served: ServedStore): readonly Contestant[] {
  return loadActs.flatMap((act) => [
    ...httpCallers.map((callers) => overHttp(served, act, callers)),
    onStore(served, act),
  ])
}

function overHttp(served: ServedStore, act: LoadAct, callers: number): Contestant {
  const { kind, load, server, store } = served
  const pids = () => ({ server: [server.pid], database: store.engine.databasePids() })
  const window = (windowMs: number) => counted(() => load.window(act, callers, windowMs), pids)
  const name = httpName(kind, act, callers)
  if (act !== 'logout') return { name, window }
  const stock = (windowMs: number) => Math.ceil((stockedLogoutsPerSecond * windowMs) / 1000)
  return { name, window, before: (windowMs) => load.supply(stock(windowMs), storeCallers) }
}

function onStore({ kind, store }: ServedStore, act: LoadAct): Contestant {
  const acts = { start: store.start, refresh: store.cachedSwap, logout: store.end }
  const name = storeName(kind, act)
  const window = (windowMs: number) => callersWindow(storeCallers, acts[act], windowMs)
  if (act !== 'logout') return { name, window }
  return { name, window, before: (windowMs) => store.stock(stockOf(storeCallers, windowMs)) }
}
