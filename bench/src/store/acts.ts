/* What is measured of a store and of the raw table beside it, act by act. */
import {
  type LiveSession,
  reason,
  type SessionId,
} from '../../../packages/server/src/domain/index.ts'
import type { Act } from '../measure/contestant.ts'
import { random } from '../tokens/keys.ts'
import type { Engine } from './engine.ts'
import { now, refreshed, startRequest } from './sessions.ts'

/** Who refreshes and starts; ends have 64 callers too. */
export const callersMax = 16
/** Sessions that each caller refreshes in turn, so that no two callers meet on a row. */
const sessionsPerCaller = 8

export interface StoreActs {
  readonly engine: Engine
  readonly start: Act
  readonly rawInsert: Act
  readonly readAndSwap: Act
  readonly cachedSwap: Act
  readonly rawUpdate: Act
  readonly end: Act
  readonly rawRevoke: Act
  /** Makes so many live sessions for `end` and for `rawRevoke`. */
  stock(count: number): Promise<void>
}

/** Starts the sessions that the acts work on. */
export async function prepareActs(engine: Engine): Promise<StoreActs> {
  const fence = await engine.store.fence()
  const template = await startOne(engine, fence)
  await engine.prepare(template.origin.sid)
  const chains = await startChains(engine, fence)
  const ends = new EndSupply(engine, template.origin.sid)
  return {
    engine,
    start: start(engine, fence),
    rawInsert: rawInsert(engine),
    readAndSwap: readAndSwap(engine, chains.read),
    cachedSwap: cachedSwap(engine, chains.cached),
    rawUpdate: rawUpdate(engine, chains.raw),
    end: end(engine, ends),
    rawRevoke: rawRevoke(engine, ends),
    stock: (count) => ends.fill(count),
  }
}

async function startOne(engine: Engine, fence: number): Promise<LiveSession> {
  const request = startRequest(`user-${random.tokenId()}`, fence)
  const started = await engine.store.start(request)
  if (started.kind !== 'started') throw new Error(`a start of a new user is ${started.kind}`)
  return request.candidate
}

function start(engine: Engine, fence: number): Act {
  return async () => {
    await startOne(engine, fence)
    return true
  }
}

function rawInsert(engine: Engine): Act {
  return async () => {
    await engine.raw.insert(random.sessionId(now()))
    return true
  }
}

type Chains = LiveSession[][]

/** Each way to refresh has its own sessions: they would outrun each other's versions. */
async function startChains(engine: Engine, fence: number) {
  const callers = callersMax
  const chains = async (): Promise<Chains> => {
    const sessions = Array.from({ length: callers * sessionsPerCaller }, () =>
      startOne(engine, fence),
    )
    const started = await Promise.all(sessions)
    return Array.from({ length: callers }, (_, caller) =>
      started.slice(caller * sessionsPerCaller, (caller + 1) * sessionsPerCaller),
    )
  }
  const [read, cached] = [await chains(), await chains()]
  const raw = read.map((some) => some.map(() => random.sessionId(now())))
  for (const sid of raw.flat()) await engine.raw.insert(sid)
  return { read, cached, raw }
}

/** A refresh that knows nothing of the row: two round trips. */
function readAndSwap(engine: Engine, chains: Chains): Act {
  return onNext(chains, async ({ origin }) => {
    const read = await engine.store.read(origin.sid)
    if (read?.session.kind !== 'live') throw new Error('a session that lives was not found')
    return swapped(engine, read.session)
  })
}

/** A refresh whose version came from the cache: one round trip (DESIGN.md, section 2). */
function cachedSwap(engine: Engine, chains: Chains): Act {
  return onNext(chains, (session) => swapped(engine, session))
}

async function swapped(engine: Engine, session: LiveSession): Promise<LiveSession> {
  const next = refreshed(session)
  const result = await engine.store.swap(session, next)
  if (result !== 'swapped') throw new Error('a swap met another writer, and there is none')
  return { ...next, version: session.version + 1 }
}

function rawUpdate(engine: Engine, chains: SessionId[][]): Act {
  return onNext(chains, async (sid) => {
    await engine.raw.update(sid)
    return sid
  })
}

/** The caller's next session, which goes to the end of its queue as what became of it. */
function onNext<T>(chains: T[][], act: (one: T) => Promise<T>): Act {
  return async (caller) => {
    const chain = chains[caller]
    const one = chain?.shift()
    if (chain === undefined || one === undefined) throw new Error('a caller has nothing to do')
    chain.push(await act(one))
    return true
  }
}

/** Live sessions to be ended, the same ids in both tables. Each is ended once in each. */
class EndSupply {
  readonly #engine: Engine
  readonly #template: SessionId
  readonly #store: SessionId[] = []
  readonly #raw: SessionId[] = []

  constructor(engine: Engine, template: SessionId) {
    this.#engine = engine
    this.#template = template
  }

  async fill(count: number): Promise<void> {
    const missing = count - Math.min(this.#store.length, this.#raw.length)
    if (missing <= 0) return
    const sids = Array.from({ length: missing }, () => random.sessionId(now()))
    await this.#engine.multiply(this.#template, sids)
    this.#store.push(...sids)
    this.#raw.push(...sids)
  }

  nextOfStore(): SessionId | undefined {
    return this.#store.pop()
  }

  nextOfRaw(): SessionId | undefined {
    return this.#raw.pop()
  }
}

function end(engine: Engine, ends: EndSupply): Act {
  return async () => {
    const sid = ends.nextOfStore()
    if (sid === undefined) return false
    const order = { sid, reason: reason('userLogout'), by: null, guard: 'live' } as const
    const result = await engine.store.end(order)
    if (result.kind !== 'ended') throw new Error(`the end of a live session is ${result.kind}`)
    return true
  }
}

function rawRevoke(engine: Engine, ends: EndSupply): Act {
  return async () => {
    const sid = ends.nextOfRaw()
    if (sid === undefined) return false
    await engine.raw.revoke(sid)
    return true
  }
}
