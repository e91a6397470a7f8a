/* Starting, stopping and restarting: API.md, sections 1 and 9; rules 3 and 36. */
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  clients,
  eventually,
  freshUid,
  runCommand,
  startCurfew,
  stores,
  withCurfew,
} from '#test/harness/index.ts'

describe.each(stores)('the life of a server on %s', (store) => {
  test('SIGTERM: unready at once, serves on for shutdownDelay, exits 0', async () => {
    const server = { shutdownDelay: '2s' }
    await withCurfew({ store, config: { server } }, async (curfew) => {
      const login = await curfew.api.start({ uid: freshUid(), device: 'web' })
      expect((await curfew.api.get('/readyz')).status).toBe(200)
      curfew.signal('SIGTERM')
      await eventually(async () => {
        const ready = await curfew.api.get('/readyz')
        return ready.status === 503 ? true : undefined
      })
      expect((await curfew.api.get('/healthz')).status).toBe(200)
      expect((await curfew.api.logout(login.accessToken)).status).toBe(200)
      expect(await curfew.ended).toEqual({ code: 0, signal: null })
    })
  })

  test('a signal that comes with the line of readiness is heard', async () => {
    for (let round = 0; round < 3; round++) {
      await withCurfew({ store }, async (curfew) => {
        expect(await curfew.stop()).toEqual({ code: 0, signal: null })
      })
    }
  })

  test('a second signal ends it at once', async () => {
    const server = { shutdownDelay: '60s' }
    await withCurfew({ store, config: { server } }, async (curfew) => {
      curfew.signal('SIGTERM')
      await eventually(async () => {
        const ready = await curfew.api.get('/readyz')
        return ready.status === 503 ? true : undefined
      })
      const from = performance.now()
      curfew.signal('SIGTERM')
      await curfew.ended
      expect(performance.now() - from).toBeLessThan(5000)
    })
  })

  test('open streams do not hold it up', async () => {
    await withCurfew({ store }, async (curfew) => {
      const stream = await curfew.api.feedStream()
      expect(stream.status).toBe(200)
      const from = performance.now()
      const exit = await curfew.stop()
      expect(exit).toEqual({ code: 0, signal: null })
      expect(performance.now() - from).toBeLessThan(11_000)
      stream.close()
    })
  })

  test('what was acknowledged before a kill -9 holds after it', async () => {
    await withCurfew({ store }, async (curfew) => {
      const [dead, alive] = [
        await curfew.api.start({ uid: freshUid(), device: 'web' }),
        await curfew.api.start({ uid: freshUid(), device: 'web' }),
      ]
      const cursor = await curfew.api.head()
      const rotated = await curfew.api.refreshed(alive)
      expect((await curfew.api.logout(dead.accessToken)).status).toBe(200)
      await curfew.kill()
      const next = await curfew.restart()
      expect(await next.api.works(dead.accessToken)).toBe(false)
      expect(await next.api.works(dead.sessionToken)).toBe(false)
      expect(await next.api.works(alive.accessToken)).toBe(true)
      expect((await next.api.refresh(rotated.refreshToken)).status).toBe(200)
      const feed = await next.api.feed({ since: cursor })
      expect(feed.headers.get('curfew-reset')).not.toBe('true')
      expect(feed.list.map((entry) => entry['sid'])).toEqual([dead.sid])
    })
  })

  test('S81: a replay that was found holds after a kill -9', async () => {
    await withCurfew({ store }, async (curfew) => {
      const first = await curfew.api.start({ uid: freshUid(), device: 'web' })
      const second = await curfew.api.refreshed(first)
      const third = await curfew.api.refreshed(second)
      await curfew.api.refresh(first.refreshToken)
      await curfew.kill()
      const next = await curfew.restart()
      expect(await next.api.works(third.accessToken)).toBe(false)
      expect((await next.api.session(first.sid))['revoked_reason']).toBe('refresh_reuse')
    })
  })

  test('the command line ends a session that the running server then refuses', async () => {
    const revocation = { pullInterval: '200ms' }
    await withCurfew({ store, config: { revocation } }, async (curfew) => {
      const login = await curfew.api.start({ uid: freshUid(), device: 'web' })
      expect(await curfew.api.works(login.accessToken)).toBe(true)
      const cursor = await curfew.api.head()
      const args = ['sessions', 'revoke', login.sid, '--json', '--config', curfew.configFile]
      const revoked = await runCommand(args, { cwd: curfew.stage.folder })
      expect(revoked.code, revoked.stderr).toBe(0)
      await eventually(async () => ((await curfew.api.works(login.accessToken)) ? undefined : true))
      const feed = await curfew.api.feed({ since: cursor })
      expect(feed.list.map((entry) => entry['sid'])).toEqual([login.sid])
    })
  })

  test('the log is JSON lines, and the one line of readiness stands apart', async () => {
    await withCurfew({ store }, async (curfew) => {
      await curfew.api.start({ uid: freshUid(), device: 'web' })
      await curfew.api.get('/no/such/path')
      await curfew.stop()
      const lines = curfew
        .log()
        .split('\n')
        .filter((line) => line !== '')
      const plain = lines.filter((line) => !line.startsWith('{'))
      expect(plain).toEqual([`curfew listening on ${curfew.url}`])
      for (const line of lines) if (line.startsWith('{')) JSON.parse(line)
    })
  })
})

describe('SQLite files', () => {
  test('rule 36 one writer of SQLite: a second serve on the same file is refused', async () => {
    await withCurfew({ store: 'sqlite' }, async (curfew) => {
      const second = startCurfew({ store: curfew.stage })
      await expect(second).rejects.toThrow(/ended with [1-9]/)
      const login = await curfew.api.start({ uid: freshUid(), device: 'web' })
      expect(await curfew.api.works(login.accessToken)).toBe(true)
      await curfew.kill()
      // The lock goes with the process, also with one that was killed.
      const next = await startCurfew({ store: curfew.stage })
      expect((await next.api.get('/healthz')).status).toBe(200)
    })
  })

  test('rule 3 cache proposes: a generation that a restored store never gave ends nothing', async () => {
    await withCurfew({ store: 'sqlite' }, async (curfew) => {
      const first = await curfew.api.start({ uid: freshUid(), device: 'web' })
      await curfew.stop()
      const file = join(curfew.stage.folder, 'curfew.db')
      copyFileSync(file, `${file}.backup`)
      const next = await curfew.restart()
      const second = await next.api.refreshed(first)
      await next.stop()
      expect(existsSync(`${file}-wal`)).toBe(false)
      copyFileSync(`${file}.backup`, file)
      const restored = await next.restart()
      const ahead = await restored.api.refresh(second.refreshToken)
      expect(ahead.status).toBe(400)
      expect(ahead.body['error']).toBe('invalid_grant')
      expect(ahead.body).not.toHaveProperty('revoked_reason')
      expect((await restored.api.session(first.sid))['revoked_at'] ?? null).toBeNull()
      expect((await restored.api.refresh(first.refreshToken)).status).toBe(200)
    })
  })
})

describe('replicas on one PostgreSQL', () => {
  test('what ends on one is dead on the other within the push delay, and so is the fence', async () => {
    await withCurfew({ store: 'postgres' }, async (one) => {
      const two = await one.twin()
      try {
        const uid = freshUid()
        const login = await one.api.start({ uid, device: 'web' })
        expect(await two.api.works(login.accessToken)).toBe(true)
        expect(await two.api.works(login.sessionToken)).toBe(true)
        await one.api.logout(login.accessToken)
        await eventually(async () => ((await two.api.works(login.accessToken)) ? undefined : true))
        expect((await two.api.refresh(login.refreshToken)).status).toBe(400)
        const { fence } = (await two.api.get(`/users/${uid}/fence`, { as: clients.backend })).body
        await one.api.post(`/users/${uid}/revoke`, { as: clients.backend })
        expect((await two.api.tryStart({ uid, device: 'web', fence })).status).toBe(409)
      } finally {
        await two.stop()
      }
    })
  })
})
