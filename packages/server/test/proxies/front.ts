/* One proxy in front of one application, and a tap on what it asks Curfew. */
import { afterAll, beforeAll, inject } from 'vitest'
import { type ProxyName, proxyNames } from '../services/proxy-binaries.ts'
import { type Arrived, Echo } from './echo.ts'
import type {} from './global-setup.ts'
import { appHost, type RunningProxy, startProxy } from './proxy.ts'
import { exchange, type RawAnswer, RawHeaders, type RawRequest } from './raw-http.ts'
import { type Question, Tap } from './tap.ts'

export type Front = {
  readonly name: ProxyName
  readonly proxy: RunningProxy
  readonly echo: Echo
  readonly tap: Tap
  /** A request to the application's host, unless it names another. */
  ask(request: Partial<RawRequest>): Promise<Witnessed>
}

/** What came of one request, on all sides. */
export type Witnessed = {
  readonly answer: RawAnswer | undefined
  /** What the proxy asked Curfew. */
  readonly asked: readonly Question[]
  /** What the application received. */
  readonly arrived: readonly Arrived[]
}

/** The three of them in front of whatever listens on `curfew()`, as long as the file's tests run. */
export function useFronts(
  curfew: () => number,
): readonly { name: ProxyName; front: () => Front }[] {
  const open = new Map<ProxyName, Front>()
  beforeAll(async () => {
    const fronts = await Promise.all(proxyNames.map((name) => openFront(name, curfew())))
    for (const front of fronts) open.set(front.name, front)
  })
  afterAll(async () => {
    await Promise.all([...open.values()].map(closeFront))
  })
  return proxyNames.map((name) => ({ name, front: () => opened(open, name) }))
}

function opened(open: ReadonlyMap<ProxyName, Front>, name: ProxyName): Front {
  const front = open.get(name)
  if (front === undefined) throw new Error(`${name} has not been started yet`)
  return front
}

async function openFront(name: ProxyName, curfew: number): Promise<Front> {
  const [echo, tap] = await Promise.all([Echo.start(), Tap.to(curfew)])
  const behind = { curfew: tap.port, app: echo.port }
  const proxy = await startProxy(name, inject('proxyPrograms')[name], behind)
  const ask = async (request: Partial<RawRequest>): Promise<Witnessed> => {
    const { headers = [] } = request
    const named = RawHeaders.of(headers).all('host').length > 0
    const whole = { ...request, headers: named ? headers : ['Host', appHost, ...headers] }
    tap.take()
    echo.take()
    // A connection that is closed without a word is an answer, too.
    const answer = await exchange(proxy.port, whole).catch(() => undefined)
    return { answer, asked: tap.take(), arrived: echo.take() }
  }
  return { name, proxy, echo, tap, ask }
}

async function closeFront({ proxy, tap, echo }: Front): Promise<void> {
  await proxy.stop()
  await Promise.all([tap.close(), echo.close()])
}
