/* `server.workers`: several processes behind one port (API.md, section 2; docs/guides/operations.md). */
import { writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  asList,
  basic,
  type ClientCredentials,
  type Curfew,
  clients,
  type EventStream,
  eventually,
  freshUid,
  newSecret,
  runCommand,
  withCurfew,
} from '#test/harness/index.ts'
import { freePort } from '#test/services/index.ts'

const store = 'postgres'
const workers = 2
const config = { server: { workers } }

/** The status, over a connection of its own: each goes to the next worker. */
function ask(url: string, as?: ClientCredentials | string): Promise<number> {
  const bearer = typeof as === 'string' ? `Bearer ${as}` : undefined
  const authorization = typeof as === 'object' ? basic(as) : bearer
  const headers = authorization === undefined ? {} : { authorization }
  return new Promise((resolve, reject) => {
    get(url, { agent: false, headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    }).once('error', reject)
  })
}

async function often(times: number, act: () => Promise<number>): Promise<readonly number[]> {
  const statuses: number[] = []
  for (let n = 0; n < times; n++) statuses.push(await act())
  return statuses
}

/** By number, the newest last. */
function pidsOf(curfew: Curfew): ReadonlyMap<number, readonly number[]> {
  const pids = new Map<number, number[]>()
  for (const line of curfew.log().split('\n')) {
    if (!line.includes('a worker listens')) continue
    const { worker, pid } = JSON.parse(line) as { worker: number; pid: number }
    pids.set(worker, [...(pids.get(worker) ?? []), pid])
  }
  return pids
}

function allPids(curfew: Curfew): readonly number[] {
  return [...pidsOf(curfew).values()].flat()
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function replaced(curfew: Curfew, worker: number, times = 1): Promise<void> {
  const listens = () => ((pidsOf(curfew).get(worker)?.length ?? 0) > times ? true : undefined)
  await eventually(listens, { what: `a replacement of worker ${worker}` })
}

function metric(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1))
}

describe('several workers', () => {
  test('answer at one address, which is printed once; log lines name the worker', async () => {
    await withCurfew({ store, config }, async (curfew) => {
      const { accessToken, sid } = await curfew.api.start({ uid: freshUid(), device: 'web' })
      const url = `${curfew.url}/sessions`
      expect(await often(8, () => ask(url, accessToken))).toEqual(Array(8).fill(200))
      for (let worker = 1; worker <= workers; worker++) {
        expect(curfew.log()).toMatch(new RegExp(`"worker":${worker},[^\\n]*"status":200`))
      }
      expect(curfew.log().split('curfew listening on')).toHaveLength(2)
      // An end is an end at all of them, whoever carried it out.
      expect((await curfew.api.logout(accessToken)).status).toBe(200)
      expect(await often(8, () => ask(url, accessToken))).toEqual(Array(8).fill(401))
      expect((await curfew.api.session(sid))['revoked_reason']).toBe('user_logout')
      expect(await curfew.stop()).toEqual({ code: 0, signal: null })
    })
  })

  test('metrics are the sum over workers, which no end of a worker lowers', async () => {
    await withCurfew({ store, config }, async (curfew) => {
      const read = async () => (await curfew.api.get('/metrics')).text
      const series = 'curfew_http_requests_total{route="metadata",status="2xx"}'
      await often(10, () => ask(`${curfew.url}/.well-known/jwks.json`))
      const before = await read()
      expect(metric(before, series)).toBe(10)
      expect(metric(before, 'curfew_workers')).toBe(workers)
      expect(before).toMatch(/^curfew_process_resident_memory_bytes \d+/m)
      process.kill(pidsOf(curfew).get(1)?.[0] ?? 0, 'SIGKILL')
      await replaced(curfew, 1)
      await often(4, () => ask(`${curfew.url}/.well-known/jwks.json`))
      expect(metric(await read(), series)).toBe(14)
      expect(metric(await read(), 'curfew_workers')).toBe(workers)
    })
  })

  test('one that dies, or is told to stop by hand, is replaced; the others serve on', async () => {
    await withCurfew({ store, config }, async (curfew) => {
      const url = `${curfew.url}/healthz`
      process.kill(pidsOf(curfew).get(2)?.[0] ?? 0, 'SIGKILL')
      await eventually(() => (curfew.log().includes('a worker has ended') ? true : undefined))
      expect(await often(4, () => ask(url))).toEqual(Array(4).fill(200))
      await replaced(curfew, 2)
      process.kill(pidsOf(curfew).get(1)?.[0] ?? 0, 'SIGTERM')
      await replaced(curfew, 1)
      expect(await often(4, () => ask(url))).toEqual(Array(4).fill(200))
      expect(await curfew.stop()).toEqual({ code: 0, signal: null })
      expect(allPids(curfew).filter(lives)).toEqual([])
    })
  })

  test('a primary that is killed leaves no orphan', async () => {
    await withCurfew({ store, config }, async (curfew) => {
      const pids = allPids(curfew)
      expect(pids.filter(lives)).toHaveLength(workers)
      await curfew.kill()
      const gone = () => (pids.some(lives) ? undefined : true)
      await eventually(gone, { what: 'the end of the workers' })
    })
  })

  test('SIGTERM: all are unready at once, serve on for shutdownDelay, and exit 0', async () => {
    const server = { workers, shutdownDelay: '2s' }
    await withCurfew({ store, config: { server } }, async (curfew) => {
      curfew.signal('SIGTERM')
      const unready = async () => ((await ask(`${curfew.url}/readyz`)) === 503 ? true : undefined)
      await eventually(unready, { everyMs: 5 })
      expect(await often(6, () => ask(`${curfew.url}/readyz`))).toEqual(Array(6).fill(503))
      expect(await often(6, () => ask(`${curfew.url}/healthz`))).toEqual(Array(6).fill(200))
      expect(await curfew.ended).toEqual({ code: 0, signal: null })
    })
  })

  test('a second signal ends all of them at once', async () => {
    const server = { workers, shutdownDelay: '60s' }
    await withCurfew({ store, config: { server } }, async (curfew) => {
      curfew.signal('SIGTERM')
      const unready = async () => ((await ask(`${curfew.url}/readyz`)) === 503 ? true : undefined)
      await eventually(unready, { everyMs: 5 })
      curfew.signal('SIGTERM')
      expect(await curfew.ended).toEqual({ code: 1, signal: null })
      const gone = () => (allPids(curfew).some(lives) ? undefined : true)
      await eventually(gone, { what: 'the end of the workers' })
    })
  })

  test('SIGHUP reaches all; an invalid file changes nothing, also for one that begins later', async () => {
    await withCurfew({ store, config }, async (curfew) => {
      const late = { id: 'late', secret: newSecret(), roles: ['service'] }
      const feed = `${curfew.url}/sessions/revoked`
      expect(await ask(feed, late)).toBe(401)
      const all = [...asList(curfew.config['clients']), late]
      curfew.reload({ ...curfew.config, clients: all })
      const everywhere = async () => {
        const statuses = await often(2 * workers, () => ask(feed, late))
        return statuses.every((status) => status === 200) ? true : undefined
      }
      await eventually(everywhere, { what: 'the new client at every worker' })
      curfew.reload({ ...curfew.config, clients: [], nonsense: true })
      await eventually(() => (curfew.log().includes('nonsense') ? true : undefined))
      process.kill(pidsOf(curfew).get(1)?.[0] ?? 0, 'SIGKILL')
      await replaced(curfew, 1)
      expect(await often(6, () => ask(feed, late))).toEqual(Array(6).fill(200))
    })
  })

  test('the other listeners are shared too', async () => {
    const [proxies, metrics] = [await freePort(), await freePort()]
    const more = {
      server: { workers, metricsListen: `127.0.0.1:${metrics}`, trustedProxies: ['127.0.0.1/32'] },
      gateway: { listen: `127.0.0.1:${proxies}`, rules: [{ hosts: ['a.test'], require: 'none' }] },
    }
    await withCurfew({ store, config: more }, async () => {
      const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
      expect(metric(page, 'curfew_workers')).toBe(workers)
      const headers = { 'x-forwarded-host': 'a.test', 'x-forwarded-uri': '/' }
      const described = { ...headers, 'x-forwarded-method': 'GET', 'x-forwarded-proto': 'https' }
      const gate = await fetch(`http://127.0.0.1:${proxies}/forward-auth`, { headers: described })
      expect(gate.status).toBe(200)
    })
  })
})

describe('workers that cannot start', () => {
  test('an address that is taken is said once, and the exit code is 1', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const taken = other.address()
    const port = taken !== null && typeof taken === 'object' ? taken.port : 0
    await withCurfew({ store, config }, async (curfew) => {
      const file = join(curfew.stage.folder, 'taken.yaml')
      const server = { publicUrl: curfew.url, workers, listen: `127.0.0.1:${port}` }
      writeFileSync(file, stringify({ ...curfew.config, server }))
      const result = await runCommand(['serve', '--config', file], { cwd: curfew.stage.folder })
      expect(result.code).toBe(1)
      expect(result.stderr.split('EADDRINUSE')).toHaveLength(2)
      expect(result.stdout).toBe('')
    })
    other.close()
  })

  test('curfew check says when PostgreSQL has too few connections for them', async () => {
    await withCurfew({ store, config }, async (curfew) => {
      const check = async (count: number) => {
        const file = join(curfew.stage.folder, 'many.yaml')
        const server = { publicUrl: curfew.url, workers: count }
        writeFileSync(file, stringify({ ...curfew.config, server }))
        return runCommand(['check', '--config', file], { cwd: curfew.stage.folder })
      }
      const many = await check(256)
      expect(many.code).toBe(0)
      expect(many.stdout).toMatch(
        /note {5}server\.workers: 256 may open 4608 connections.*max_connections/,
      )
      expect((await check(1)).stdout).not.toContain('max_connections')
    })
  })

  test('SQLite has one writer: more than one worker is refused with the way out', async () => {
    await withCurfew({ store: 'sqlite' }, async (curfew) => {
      const file = join(curfew.stage.folder, 'workers.yaml')
      const server = { publicUrl: curfew.url, workers }
      writeFileSync(file, stringify({ ...curfew.config, server }))
      const result = await runCommand(['serve', '--config', file], { cwd: curfew.stage.folder })
      expect(result.code).toBe(1)
      expect(result.stderr).toMatch(
        /server\.workers: .*SQLite.*Set workers to 1, or store to postgres/,
      )
    })
  })
})

describe('limits of several workers', () => {
  test('rule 37 limits: scenario S124: a burst over all workers, then 429 with Retry-After', async () => {
    const limits = { failedClientAuth: { rate: '6/m', burst: 5 } }
    await withCurfew({ store, config: { ...config, limits } }, async (curfew) => {
      const wrong = { id: clients.backend.id, secret: 'wrong' }
      const feed = `${curfew.url}/sessions/revoked`
      // A worker may answer before it has heard of the last guess at another one: some more get through,
      // but never a burst for each worker.
      const judged = (await often(4 * workers, () => ask(feed, wrong))).lastIndexOf(401) + 1
      expect(judged).toBeGreaterThanOrEqual(5)
      expect(judged).toBeLessThan(5 * workers)
      expect(await often(4, () => ask(feed, wrong))).toEqual(Array(4).fill(429))
      const refused = await curfew.api.clientCredentials(wrong)
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await ask(feed, clients.satellite)).toBe(200)
    })
  })

  test('rule 37 limits: event streams of a caller are counted over all workers', async () => {
    const limits = { eventStreamsPerCaller: 3 }
    await withCurfew({ store, config: { ...config, limits } }, async (curfew) => {
      const streams: EventStream[] = []
      for (let n = 0; n < 3; n++) streams.push(await curfew.api.feedStream())
      expect(streams.map(({ status }) => status)).toEqual([200, 200, 200])
      const fourth = await curfew.api.feedStream()
      expect(fourth.status).toBe(429)
      streams[0]?.close()
      const again = async () => {
        const stream = await curfew.api.feedStream()
        return stream.status === 200 ? stream : undefined
      }
      streams.push(await eventually(again, { what: 'a place that was given back' }))
      for (const stream of streams) stream.close()
    })
  })
})
