/* Where the configuration comes from and what is refused: API.md, sections 1 and 2; rule 11. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  asList,
  eventually,
  newSecret,
  runCommand,
  runServer,
  sourceProgram,
  stores,
  withCurfew,
} from '#test/harness/index.ts'

describe.each(stores)('the configuration on %s', (store) => {
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
    })
  })

  test('scenario G02: a wrong configuration is refused with every mistake and its path', async () => {
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
    })
  })

  test('curfew check approves of the configuration that runs', async () => {
    await withCurfew({ store }, async (curfew) => {
      const result = await runCommand(['check', '--config', curfew.configFile], {
        cwd: curfew.stage.folder,
      })
      expect(result.code, result.stdout + result.stderr).toBe(0)
    })
  })
})

test('a reader that has read enough is no fault of a command', async () => {
  const child = spawn(process.execPath, [sourceProgram, 'init'], { stdio: 'pipe' })
  child.stdout.destroy()
  const said = text(child.stderr)
  const [code] = await once(child, 'close')
  expect(await said).toBe('')
  expect(code).toBe(0)
})
