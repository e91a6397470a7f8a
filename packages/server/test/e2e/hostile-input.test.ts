/* Attacks by input: odd bodies, scopes and settings. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { clients, freshUid, publicClient, runCommand, useCurfew } from '#test/harness/index.ts'

describe('odd input', () => {
  const house = useCurfew({ store: 'sqlite' })
  const { api } = house

  test.each(['/sessions', '/users/somebody'])(
    'claims nested ten thousand deep at %s are 400',
    async (path) => {
      const depth = 10_000
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
      const uid = path === '/sessions' ? `"uid":"${freshUid()}",` : ''
      const raw = { type: 'application/json', body: `{${uid}"claims":{"deep":${nested}}}` }
      const method = path === '/sessions' ? 'POST' : 'PATCH'
      const answer = await api.send(method, path, { as: clients.backend, raw })
      expect(answer.status, answer.brief).toBe(400)
      expect(house.curfew.log()).not.toContain('a request failed unexpectedly')
    },
  )

  test('RFC 6749, 5.1: a token of another scope than was asked for says so', async () => {
    const config = house.curfew.config
    const login = await api.start({ uid: freshUid(), client_id: publicClient })
    const widened = asClients(config['clients']).map((client) =>
      client['id'] === publicClient ? { ...client, scopes: ['openid', 'drive'] } : client,
    )
    house.curfew.reload({ ...config, clients: widened })
    await expect.poll(() => house.curfew.log()).toContain('the configuration was read again')
    const answer = await api.refresh(login.refreshToken, publicClient, { scope: 'drive' })
    // `drive` was never granted: refused, or the answer's `scope` says what there is instead.
    if (answer.status === 200) expect(answer.body).toHaveProperty('scope')
    else expect(answer.body['error']).toBe('invalid_scope')
  })

  test('nothing-readable: curfew check shows no password of a Redis URL that is none', async () => {
    const { config, stage } = house.curfew
    const file = join(stage.folder, 'redis.yaml')
    // A password with a # is the usual mistake.
    const redis = 'redis://:hunter2#strong@127.0.0.1:6379'
    writeFileSync(file, stringify({ ...config, store: 'sqlite:other.db', redis }))
    const { stdout, stderr, code } = await runCommand(['check', '--config', file], {
      cwd: stage.folder,
    })
    expect(code).toBe(1)
    expect(stdout + stderr).not.toContain('hunter2')
    expect(stdout + stderr).not.toMatch(/\n\s+at /)
  })

  test.each(['check', 'serve'])(
    '%s says what is wrong with a store URL, and no password',
    async (command) => {
      const { config, stage } = house.curfew
      const file = join(stage.folder, `store-${command}.yaml`)
      writeFileSync(file, stringify({ ...config, store: 'postgres://u:hunter2/b@127.0.0.1/x' }))
      const { stdout, stderr, code } = await runCommand([command, '--config', file], {
        cwd: stage.folder,
      })
      expect(code).toBe(1)
      expect(stdout + stderr).toContain('URL cannot be read')
      expect(stdout + stderr).not.toContain('hunter2')
      expect(stdout + stderr).not.toMatch(/\n\s+at /)
    },
  )

  test.each(['*hunter2', '|hunter2', '>hunter2'])(
    'nothing-readable: a secret without quotes that is no YAML (%s) is not shown',
    async (secret) => {
      const { config, stage } = house.curfew
      const file = join(stage.folder, 'unquoted.yaml')
      const rest = stringify({ ...config, store: 'sqlite:other.db', clients: [] })
      const entry = `clients:\n  - id: careless\n    secret: ${secret}\n`
      writeFileSync(file, rest.replace('clients: []\n', entry))
      const { stdout, stderr, code } = await runCommand(['check', '--config', file], {
        cwd: stage.folder,
      })
      expect(code).toBe(1)
      expect.soft(stdout + stderr).not.toContain('hunter2')
      expect(stdout + stderr).not.toMatch(/\n\s+at /)
    },
  )
})

function asClients(value: unknown): readonly Record<string, unknown>[] {
  return value as readonly Record<string, unknown>[]
}
