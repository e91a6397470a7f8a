/* The store is away or slow: nobody is let in who may be dead, and nobody is signed out. Scenarios K, M08, N03. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage } from '#test/harness/index.ts'
import { type Postgres, startPostgres } from '../services/index.ts'
import { app, type Gate, openGate } from './gate.ts'
import {
  byScript,
  cookieOf,
  home,
  inside,
  outside,
  sessionsOf,
  signedIn,
  standing,
} from './steps.ts'
import { navigation, type Visitor } from './visitor.ts'
import { type HeaderPairs, sendRaw } from './wire.ts'

let postgres: Postgres
let gate: Gate

beforeAll(async () => {
  postgres = await startPostgres({ own: true })
  const { url } = await postgres.createDatabase()
  const place = await openStage('sqlite')
  const revocation = { pullInterval: '200ms', maxStaleness: '2s' }
  gate = await openGate({
    store: { ...place, kind: 'postgres', storeUrl: url },
    config: { revocation },
  })
})

afterAll(async () => {
  await gate?.close()
  await postgres?.stop()
})

/** What everybody is told who cannot be told anything. */
async function cannotTell(visitor: Visitor): Promise<void> {
  for (const headers of [navigation, byScript]) {
    const reply = await visitor.send(home, { headers })
    expect(reply.status).toBe(503)
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
    expect(reply.setCookies).toEqual([])
    expect(reply.headers['location']).toBeUndefined()
  }
}

/** nginx knows only 200, 401 and 403: a word tells it what was meant. */
async function askedByNginx(visitor: Visitor): Promise<string> {
  const headers: HeaderPairs = [
    ['X-Original-URL', home],
    ['X-Original-Method', 'GET'],
    ['Cookie', `curfew=${cookieOf(visitor)}`],
    ...byScript,
  ]
  const url = new URL(`${gate.curfew.url}/forward-auth?mode=nginx`)
  const reply = await sendRaw(url, { method: 'GET', headers })
  return `${reply.status} ${reply.headers['curfew-verdict']}`
}

test('scenarios K02, K04, M08: while it is away: what is known is served within its time, then 503; and then all is as it was', async () => {
  const visitor = await signedIn(gate)
  const leaver = await signedIn(gate)
  const { accessToken } = await gate.curfew.api.start({ uid: 'machine', device: 'web' })
  const bearer: HeaderPairs = [...byScript, ['Authorization', `Bearer ${accessToken}`]]
  expect(await standing(visitor)).toEqual(inside)
  await gate.curfew.api.logout(cookieOf(leaver))
  await postgres.kill()
  // One that ended before is dead, whoever is away.
  for (const status of await standing(leaver)) expect([302, 401, 503]).toContain(status)
  const refused = async () => (await visitor.open(home)).status
  await expect.poll(refused, { timeout: 10_000 }).toBe(503)
  await cannotTell(visitor)
  expect((await gate.visitor().send(home, { headers: bearer })).status).toBe(503)
  const signOut = await visitor.send(`${gate.curfew.issuer}/signout`, {
    headers: [...navigation, ['Sec-Fetch-Site', 'none']],
  })
  expect(signOut.status).toBe(503)
  expect(signOut.setCookies).toEqual([])
  expect(await askedByNginx(visitor)).toBe('403 unavailable')
  // What needs nobody is still told apart.
  expect((await gate.visitor().send(`${app}/health`, { headers: byScript })).status).toBe(200)
  expect(await standing(gate.visitor())).toEqual(outside)
  await postgres.start()
  const back = async () => (await visitor.open(home)).status
  await expect.poll(back, { timeout: 20_000 }).toBe(200)
  expect(await askedByNginx(visitor)).toBe('200 allow')
  expect(await standing(leaver)).toEqual(outside)
  expect((await gate.visitor().send(home, { headers: bearer })).status).toBe(200)
})

test('scenarios K03, N03: a row that somebody holds makes its own sign-out 503 in bounded time, and holds nobody else up', async () => {
  const slow = await openGate({ store: 'postgres' })
  try {
    const [held, other] = [await signedIn(slow), await signedIn(slow)]
    const [, row] = await sessionsOf(slow)
    const lock = `select 1 from sessions where sid = '${String(row?.['sid'])}' for update`
    const letGo = await slow.curfew.stage.hold(lock)
    const signOut = held.send(`${slow.curfew.issuer}/signout`, {
      headers: [...navigation, ['Sec-Fetch-Site', 'none']],
    })
    const crowd = Array.from({ length: 100 }, (_, at) => [held, other][at % 2]?.open(home))
    const found = (await Promise.all(crowd)).map((reply) => reply?.status)
    expect(new Set(found)).toEqual(new Set([200]))
    const refused = await signOut
    expect(refused.status).toBe(503)
    expect(refused.setCookies).toEqual([])
    await letGo()
    expect(await standing(held)).toEqual(inside)
    expect(await standing(other)).toEqual(inside)
  } finally {
    await slow.close()
  }
})
