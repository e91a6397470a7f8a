/*
 * Replicas behind a load balancer that honours /readyz are restarted one after the other, under load
 * on kept connections: not one request is lost, no session, no end (docs/guides/operations.md).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { open } from '#test/harness/http.ts'
import {
  Api,
  type Curfew,
  clients,
  eventually,
  freshUid,
  type Login,
  publicClient,
  startCurfew,
} from '#test/harness/index.ts'
import { Balancer } from './rig/balancer.ts'
import { production } from './rig/pair.ts'

const app = {
  'x-forwarded-host': 'app.test',
  'x-forwarded-proto': 'https',
  'x-forwarded-method': 'GET',
  'x-forwarded-uri': '/page',
}

type Load = { over: boolean; readonly wrong: string[]; asked: number }

type Following = { readonly heard: string[]; readonly abort: AbortController }

// A third replica of two processes would only make it slower.
describe.each([
  { workers: 1, names: ['a', 'b', 'c'] },
  { workers: 2, names: ['a', 'b'] },
])('replicas of $workers process(es) each', ({ workers, names }) => {
  let balancer: Balancer
  let api: Api
  const replicas = new Map<string, Curfew>()

  beforeAll(async () => {
    const first = await startCurfew({
      store: 'postgres',
      env: production,
      config: {
        server: {
          ...{ workers, shutdownDelay: '3s', logLevel: 'warn' },
          trustedProxies: ['127.0.0.1/32'],
        },
        gateway: { rules: [{ hosts: ['app.test'], require: 'session' }] },
        sessions: { devices: { fleet: { policy: 'multiple' } } },
      },
    })
    const all = [first]
    while (all.length < names.length) all.push(await first.twin())
    balancer = new Balancer()
    for (const [index, curfew] of all.entries()) stand(names[index] ?? '', curfew)
    const url = await balancer.listen()
    api = new Api(() => url)
    await eventually(allReady, { what: 'replicas that are ready' })
  }, 240_000)

  afterAll(async () => {
    balancer?.close()
    await replicas.get('a')?.close()
  })

  function stand(name: string, curfew: Curfew): void {
    replicas.set(name, curfew)
    balancer.target(name, curfew.url)
  }

  function allReady(): true | undefined {
    return names.every((name) => balancer.isReady(name)) ? true : undefined
  }

  async function replace(name: string): Promise<void> {
    const curfew = replicas.get(name)
    if (curfew === undefined) throw new Error(`there is no ${name}`)
    expect(await curfew.stop()).toEqual({ code: 0, signal: null })
    stand(name, await curfew.restart())
    await eventually(allReady, { what: `${name} is ready again` })
  }

  function begin(): Promise<Login> {
    return api.start({ uid: freshUid(), device: 'fleet', client_id: publicClient })
  }

  /** Refreshes, and asks as an application and as a proxy with what it got. */
  async function stay(load: Load): Promise<void> {
    let login = await begin()
    while (!load.over) {
      login = await api.refreshed(login, publicClient)
      const as = login.accessToken
      const answers = [
        await api.get('/sessions', { as }),
        await api.get('/forward-auth', { as, headers: app }),
      ]
      load.asked += answers.length + 1
      for (const { status, brief } of answers) if (status !== 200) load.wrong.push(brief)
      await sleep(40)
    }
  }

  /** Signs in and out; what has ended is dead at once where it ended, and later everywhere. */
  async function leave(load: Load, left: string[]): Promise<void> {
    while (!load.over) {
      const login = await begin()
      const ended = await api.logout(login.accessToken)
      if (ended.status !== 200) load.wrong.push(ended.brief)
      const dead = await api.refresh(login.refreshToken, publicClient)
      if (dead.status !== 400) load.wrong.push(`it has ended: ${dead.brief}`)
      left.push(login.sid)
      load.asked += 3
      await sleep(40)
    }
  }

  /** Follows the feed, and goes on where a stream has ended. */
  async function follow(load: Load, since: string, { heard, abort }: Following): Promise<void> {
    let position = since
    while (!abort.signal.aborted) {
      const headers = { 'last-event-id': position }
      const options = { as: clients.satellite, headers, signal: abort.signal }
      const stream = await open(api.base, 'GET', '/sessions/revoked/stream', options)
      if (stream.status !== 200) load.wrong.push(`the stream: ${stream.status}`)
      try {
        position = await readStream(stream, position, heard)
      } catch (error) {
        if (!abort.signal.aborted) load.wrong.push(`the stream was cut off: ${String(error)}`)
      }
    }
  }

  test('a rolling restart loses not one request', async () => {
    const load: Load = { over: false, wrong: [], asked: 0 }
    const left: string[] = []
    const following: Following = { heard: [], abort: new AbortController() }
    const follower = follow(load, await api.head(), following)
    const clientsOf = Promise.all([
      ...Array.from({ length: 3 }, () => stay(load)),
      leave(load, left),
    ])
    // A failure below is what counts; theirs would only follow from it.
    clientsOf.catch(() => undefined)
    follower.catch(() => undefined)
    await sleep(500)
    for (const name of names) await replace(name)
    await sleep(500)
    load.over = true
    expect(balancer.broken).toEqual([])
    await clientsOf
    const { heard, abort } = following
    const all = () => (left.every((sid) => heard.includes(sid)) ? true : undefined)
    await eventually(all, { what: 'every end in the stream' })
    abort.abort()
    await follower
    expect(load.wrong).toEqual([])
    expect(balancer.broken).toEqual([])
    expect(heard.toSorted()).toEqual(left.toSorted())
    expect(load.asked).toBeGreaterThan(200)
    console.log(`${load.asked} requests and ${left.length} ends over ${names.length} restarts`)
  }, 400_000)
})

/** Up to its end, which must be one. Answers where to go on. @throws when it is cut off */
async function readStream(stream: Response, since: string, heard: string[]): Promise<string> {
  let position = since
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const sid = /"sid":"([^"]+)"/.exec(block)?.[1]
      if (sid !== undefined) heard.push(sid)
      position = /^id: ?(.+)$/m.exec(block)?.[1] ?? position
    }
  }
  return position
}
