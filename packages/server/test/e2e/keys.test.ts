/* Secrets and signing keys over restarts: rule 14 (API.md, section 3; DESIGN.md, section 4). */
import { describe, expect, test } from 'vitest'
import {
  asList,
  asObject,
  asText,
  eventually,
  freshUid,
  headerOf,
  newSecret,
  runCommand,
  stores,
  withCurfew,
} from '#test/harness/index.ts'

describe.each(stores)('keys on %s', (store) => {
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
        { everyMs: 250, what: 'signing with the new key' },
      )
      const jwks = await curfew.api.get('/.well-known/jwks.json')
      const kids = asList(jwks.body['keys']).map((key) => asObject(key)['kid'])
      for (const login of [before, after]) {
        expect(kids).toContain(headerOf(login.accessToken)['kid'])
        expect(await curfew.api.works(login.accessToken)).toBe(true)
      }
    })
  })
})
