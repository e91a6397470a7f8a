/* The store goes away and comes back: S42, S103, S119, rule 35 (API.md, sections 5, 6 and 9). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Api,
  type Curfew,
  eventually,
  freshUid,
  openStage,
  runServer,
  type Stage,
  startCurfew,
} from '#test/harness/index.ts'
import { type Postgres, startPostgres } from '../services/index.ts'

describe('a store that cannot be reached', () => {
  let postgres: Postgres
  let stage: Stage
  let curfew: Curfew

  beforeAll(async () => {
    postgres = await startPostgres({ own: true })
    const database = await postgres.createDatabase()
    const place = await openStage('sqlite')
    stage = { ...place, kind: 'postgres', storeUrl: database.url }
    const revocation = { pullInterval: '200ms', maxStaleness: '2s' }
    curfew = await startCurfew({ store: stage, config: { revocation } })
  })

  afterAll(async () => {
    await curfew?.close()
    await postgres?.stop()
  })

  test('rule 35 stale: scenarios K02, K04, S119: 503 and never 200, 401 or an empty feed; all works again afterwards', async () => {
    const { api } = curfew
    const [one, two] = [
      await api.start({ uid: freshUid(), device: 'web' }),
      await api.start({ uid: freshUid(), device: 'web' }),
    ]
    await postgres.kill()
    // S103, S42, S119: each of these says that it cannot know.
    const feed = await api.feed()
    expect(feed.status, feed.text).toBe(503)
    const logout = await api.logout(one.accessToken)
    expect(logout.status, logout.text).toBe(503)
    expect((await api.logout(one.sessionToken)).status).toBe(503)
    const list = await api.get('/sessions', { as: two.accessToken })
    expect(list.status, list.text).toBe(503)
    expect(list.headers.get('retry-after')).toBeTruthy()
    expect((await api.tryStart({ uid: freshUid(), device: 'web' })).status).toBe(503)
    expect((await api.refresh(two.refreshToken)).status).toBe(503)
    expect((await api.introspect(two.accessToken)).status).toBe(503)
    // What needs no store is still told apart.
    expect((await api.get('/sessions', { as: 'cfs_garbage' })).status).toBe(401)
    expect((await api.get('/healthz')).status).toBe(200)
    await eventually(async () => ((await api.get('/readyz')).status === 503 ? true : undefined), {
      what: 'not being ready',
    })
    const metrics = await api.get('/metrics')
    expect(metrics.text).toMatch(/curfew_logout_total\{result="token_fail"\} 2/)
    await postgres.start()
    await eventually(async () => ((await api.get('/readyz')).status === 200 ? true : undefined), {
      what: 'being ready again',
    })
    expect(await api.works(one.accessToken)).toBe(true)
    expect((await api.logout(one.accessToken)).body).toMatchObject({ revoked: true })
    expect(await api.works(one.accessToken)).toBe(false)
    expect((await api.refresh(two.refreshToken)).status).toBe(200)
  })

  test('scenario K01: one that is away at the start is waited for, and used as soon as it is there', async () => {
    await curfew.stop()
    await postgres.kill()
    const waiting = runServer(['serve', '--config', curfew.configFile], { cwd: stage.folder })
    const waits = async () => (waiting.log().includes('does not answer yet') ? true : undefined)
    await eventually(waits, { what: 'a server that waits for its store' })
    await postgres.start()
    const address = await waiting.listening
    expect((await new Api(() => address).get('/readyz')).status).toBe(200)
    waiting.signal('SIGTERM')
    expect(await waiting.ended).toEqual({ code: 0, signal: null })
  })
})
