/* Starting, stopping and restarting: API.md, sections 1 and 9; rules 3, 11, 14, 36. */
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  asList,
  asObject,
  asText,
  type Curfew,
  clients,
  eventually,
  freshUid,
  headerOf,
  newSecret,
  runCommand,
  runServer,
  startCurfew,
  stores,
} from '#test/harness/index.ts'

/** Runs `act` with a server and closes whatever stands in its place afterwards. */
async function withCurfew(
  options: Parameters<typeof startCurfew>[0],
  act: (curfew: Curfew) => Promise<Curfew | undefined>,
): Promise<void> {
  const first = await startCurfew(options)
  let last: Curfew | undefined
  try {
    last = await act(first)
  } finally {
    await last?.close()
    await first.close()
  }
}

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
      return undefined
    })
  })

  test('a signal that comes with the line of readiness is heard', async () => {
    for (let round = 0; round < 3; round++) {
      await withCurfew({ store }, async (curfew) => {
        expect(await curfew.stop()).toEqual({ code: 0, signal: null })
        return undefined
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
      return undefined
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
      return undefined
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
      return next
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
      return next
    })
  })

  test('rule 14 key ring: a new first secret signs, the old one still verifies', async () => {
    const [old, fresh] = [newSecret(), newSecret()]
    const tokens = { keyActivationDelay: '0s' }
    await withCurfew({ store, config: { secrets: [old], tokens } }, async (curfew) => {
      const before = await curfew.api.start({ uid: freshUid(), device: 'web' })
      await curfew.stop()
      const next = await curfew.restart({ config: { secrets: [fresh, old] } })
      expect(await next.api.works(before.sessionToken)).toBe(true)
      expect(await next.api.works(before.accessToken)).toBe(true)
      const renewed = await next.api.refreshed(before)
      const after = await next.api.start({ uid: freshUid(), device: 'web' })
      await next.stop()
      // Those signed by the new secret alone live on without the old one.
      const third = await next.restart({ config: { secrets: [fresh] } })
      expect(await third.api.works(after.sessionToken)).toBe(true)
      expect((await third.api.refresh(renewed.refreshToken)).status).toBe(200)
      return third
    })
  })

  test('rule 14 key ring: a listed secret that is missing is 503, a retired one 401', async () => {
    const [old, fresh] = [newSecret(), newSecret()]
    const tokens = { keyActivationDelay: '0s' }
    await withCurfew({ store, config: { secrets: [old], tokens } }, async (curfew) => {
      const before = await curfew.api.start({ uid: freshUid(), device: 'web' })
      await curfew.stop()
      const both = await curfew.restart({ config: { secrets: [fresh, old] } })
      await both.stop()
      const without = await both.restart({ config: { secrets: [fresh] } })
      const missing = await without.api.get('/sessions', { as: before.sessionToken })
      expect(missing.status, missing.text).toBe(503)
      expect((await without.api.refresh(before.refreshToken)).status).toBe(503)
      const cwd = without.stage.folder
      const list = await runCommand(['keys', 'list', '--json', '--config', without.configFile], {
        cwd,
      })
      expect(list.code, list.stderr).toBe(0)
      const ids = [...list.stdout.matchAll(/"key_?[iI]d":\s*"([^"]+)"/g)].map((match) => match[1])
      expect(ids.length, list.stdout).toBeGreaterThanOrEqual(2)
      const codes: (number | null)[] = []
      for (const id of ids) {
        const args = ['keys', 'retire', asText(id), '--config', without.configFile]
        codes.push((await runCommand(args, { cwd })).code)
      }
      // The secret that signs cannot be retired; the missing one can.
      expect(codes).toContain(0)
      await without.stop()
      const last = await without.restart()
      expect((await last.api.get('/sessions', { as: before.sessionToken })).status).toBe(401)
      return last
    })
  })

  test('keys rotate without a restart, and tokens of the old key stay good', async () => {
    const tokens = { keyActivationDelay: '0s' }
    await withCurfew({ store, config: { tokens } }, async (curfew) => {
      const before = await curfew.api.start({ uid: freshUid(), device: 'web' })
      const args = ['keys', 'rotate', '--now', '--config', curfew.configFile]
      const rotated = await runCommand(args, { cwd: curfew.stage.folder })
      expect(rotated.code, rotated.stderr).toBe(0)
      const after = await eventually(
        async () => {
          const login = await curfew.api.start({ uid: freshUid(), device: 'web' })
          const same = headerOf(login.accessToken)['kid'] === headerOf(before.accessToken)['kid']
          return same ? undefined : login
        },
        { withinMs: 30_000, everyMs: 250, what: 'signing with the new key' },
      )
      const jwks = await curfew.api.get('/.well-known/jwks.json')
      const kids = asList(jwks.body['keys']).map((key) => asObject(key)['kid'])
      for (const login of [before, after]) {
        expect(kids).toContain(headerOf(login.accessToken)['kid'])
        expect(await curfew.api.works(login.accessToken)).toBe(true)
      }
      return undefined
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
      return undefined
    })
  })

  test('SIGHUP reloads clients; an invalid file changes nothing and is logged', async () => {
    await withCurfew({ store }, async (curfew) => {
      const late = { id: 'late', secret: newSecret() }
      expect((await curfew.api.feed({}, late)).status).toBe(401)
      const known = curfew.config['clients']
      const all = [...asList(known), { ...late, roles: ['service'] }]
      curfew.reload({ ...curfew.config, clients: all })
      await eventually(async () =>
        (await curfew.api.feed({}, late)).status === 200 ? true : undefined,
      )
      curfew.reload({ ...curfew.config, clients: [], nonsense: true })
      await eventually(() => (curfew.log().includes('nonsense') ? true : undefined))
      expect((await curfew.api.feed({}, late)).status).toBe(200)
      return undefined
    })
  })

  test('a wrong configuration is refused with every mistake and its path', async () => {
    await withCurfew({ store }, async (curfew) => {
      const file = join(curfew.stage.folder, 'wrong.yaml')
      const wrong = {
        ...curfew.config,
        colour: 'red',
        tokens: { accessTtl: '30s', refreshGrace: '30s' },
        sessions: { devices: { app: { policy: 'sometimes' } } },
      }
      writeFileSync(file, stringify(wrong))
      for (const command of ['serve', 'check']) {
        const result = await runCommand([command, '--config', file], { cwd: curfew.stage.folder })
        expect(result.code, command).toBe(1)
        const said = result.stdout + result.stderr
        for (const path of ['colour', 'sessions.devices.app.policy']) expect(said).toContain(path)
      }
      return undefined
    })
  })

  test('rule 11 grace: an accessTtl below twice the grace is refused', async () => {
    await withCurfew({ store }, async (curfew) => {
      const file = join(curfew.stage.folder, 'grace.yaml')
      const tokens = { accessTtl: '59s', refreshGrace: '30s' }
      writeFileSync(file, stringify({ ...curfew.config, tokens }))
      const result = await runCommand(['serve', '--config', file], { cwd: curfew.stage.folder })
      expect(result.code).toBe(1)
      expect(result.stdout + result.stderr).toContain('tokens.accessTtl')
      return undefined
    })
  })

  test('the configuration comes from --config, CURFEW_CONFIG, its text, or ./curfew.yaml', async () => {
    await withCurfew({ store }, async (curfew) => {
      await curfew.stop()
      const cwd = curfew.stage.folder
      const text = stringify(curfew.config)
      writeFileSync(join(cwd, 'curfew.yaml'), text)
      const ways: readonly [readonly string[], Record<string, string>][] = [
        [['serve'], { CURFEW_CONFIG: curfew.configFile }],
        [['serve'], { CURFEW_CONFIG_YAML: text }],
        [['serve'], {}],
        // The first of the order wins over a later one that is wrong.
        [['serve', '--config', curfew.configFile], { CURFEW_CONFIG: '/no/such/file' }],
        [['serve'], { CURFEW_CONFIG: curfew.configFile, CURFEW_CONFIG_YAML: 'colour: red' }],
      ]
      for (const [args, env] of ways) {
        const server = runServer(args, { cwd, env })
        expect(await server.listening).toBe(curfew.url)
        server.signal('SIGTERM')
        expect(await server.ended, JSON.stringify(env)).toEqual({ code: 0, signal: null })
      }
      const nothing = await runCommand(['serve'], { cwd, env: { CURFEW_CONFIG: '/no/such/file' } })
      expect(nothing.code).toBe(1)
      expect(nothing.stderr).toContain('/no/such/file')
      return undefined
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
      return undefined
    })
  })

  test('curfew check approves of the configuration that runs', async () => {
    await withCurfew({ store }, async (curfew) => {
      const result = await runCommand(['check', '--config', curfew.configFile], {
        cwd: curfew.stage.folder,
      })
      expect(result.code, result.stdout + result.stderr).toBe(0)
      return undefined
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
      return next
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
      return restored
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
      return undefined
    })
  })
})
