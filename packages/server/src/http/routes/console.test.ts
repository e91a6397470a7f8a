import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LiveSession } from '#domain'
import { createHttp } from '../app.ts'
import { openConsoleFiles } from '../console-files.ts'
import type { HttpDeps, HttpSettings } from '../deps.ts'
import { FakeWorld, send, sidOf } from '../testing.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'console-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><p>the console</p>')
  writeFileSync(join(folder, 'assets', 'main-Ab12_-.js'), 'export {}')
  writeFileSync(join(folder, 'secret.js'), 'outside')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Place {
  readonly built?: boolean
  readonly providers?: number
  readonly settings?: Partial<HttpSettings>
}

function serverOf({ built = true, providers = 1, settings = {} }: Place = {}) {
  const world = new FakeWorld()
  world.add(1, 'alice')
  world.add(3, 'root')
  const deps = world.deps(settings)
  const browser = {
    ...deps.browser,
    providers: { list: () => Array(providers).fill({}) },
    gateway: {
      isVouchedFor: async () => true,
      byPageCookie: async (cookie: string) => {
        const found = world.sessions.get(sidOf(Number(cookie.slice(4))))
        return found?.kind === 'live' ? (found as LiveSession) : undefined
      },
    },
  } as unknown as HttpDeps['browser']
  const files = openConsoleFiles(built ? folder : join(folder, 'nowhere'))
  const { app, admin } = createHttp({ ...deps, browser, console: files })
  return { world, app, admin }
}

const html = { accept: 'text/html' }
const as = (n: number) => ({ ...html, cookie: `__Host-curfew-page=cfp_${n}` })

describe('the console', () => {
  test('is for administrators, with a policy that lets in nothing but its own files', async () => {
    const { app } = serverOf()
    const page = await send(app, { url: '/console/', headers: as(3) })
    expect([page.statusCode, page.body]).toEqual([200, '<!doctype html><p>the console</p>'])
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    )
    expect(page.headers['x-frame-options']).toBe('DENY')
    expect(page.headers['cache-control']).toBe('no-cache')
  })

  test('anybody else who is signed in is told so, and sees nothing of it', async () => {
    const { app } = serverOf()
    const page = await send(app, { url: '/console/', headers: as(1) })
    expect(page.statusCode).toBe(403)
    expect(page.body).toContain('signed in as alice')
    expect(page.body).not.toContain('the console</p>')
  })

  test('without a session it leads through the sign-in and back, below the path of publicUrl', async () => {
    const { world, app } = serverOf({ settings: { publicUrl: 'https://auth.example.com/id' } })
    const asked = await send(app, { url: '/id/console/', headers: html })
    expect(asked.statusCode).toBe(302)
    expect(asked.headers.location).toBe(
      `https://auth.example.com/id/login?return_to=${encodeURIComponent('https://auth.example.com/id/console/')}`,
    )
    const slash = await send(app, { url: '/id/console', headers: html })
    expect(slash.headers.location).toBe('/id/console/')
    world.end(3)
    expect((await send(app, { url: '/id/console/', headers: as(3) })).statusCode).toBe(302)
    expect((await send(app, { url: '/console/', headers: as(3) })).statusCode).toBe(404)
  })

  test('without a provider it says how to come in', async () => {
    const { app } = serverOf({ providers: 0 })
    const asked = await send(app, { url: '/console/', headers: html })
    expect(asked.statusCode).toBe(401)
    expect(asked.body).toContain('curfew admin link UID')
  })

  test('its files need no session and never change; no name leads out of their folder', async () => {
    const { app } = serverOf()
    const file = await send(app, { url: '/console/assets/main-Ab12_-.js' })
    expect([file.statusCode, file.body]).toEqual([200, 'export {}'])
    expect(file.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(file.headers['x-content-type-options']).toBe('nosniff')
    const names = ['..%2fsecret.js', '%2e%2e%2fsecret.js', '../secret.js', 'none.js', '.js']
    for (const name of [...names, 'main-Ab12_-.js%00', '..%5csecret.js', 'a.exe', '']) {
      const answer = await send(app, { url: `/console/assets/${name}` })
      expect([name, answer.statusCode]).toEqual([name, 404])
    }
  })

  test('where it is not built, the page says what to do', async () => {
    const { app } = serverOf({ built: false })
    const page = await send(app, { url: '/console/', headers: as(3) })
    expect(page.statusCode).toBe(503)
    expect(page.body).toContain('npm ci')
  })

  test('with `server.adminListen` it lives there, by a link from the shell, and nowhere else', async () => {
    const { app, admin } = serverOf({ settings: { adminElsewhere: true } })
    if (admin === undefined) throw new Error('there is no listener for administrators')
    expect((await send(app, { url: '/console/', headers: as(3) })).statusCode).toBe(404)
    expect((await send(admin, { url: '/console/', headers: as(3) })).statusCode).toBe(200)
    const stranger = await send(admin, { url: '/console/', headers: html })
    expect(stranger.statusCode).toBe(401)
  })
})
