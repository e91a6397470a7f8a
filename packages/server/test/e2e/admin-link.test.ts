/* `curfew admin link`, the console's own session, and who did what. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  adminUid,
  type Curfew,
  clients,
  freshUid,
  type JsonObject,
  runCommand,
  startCurfew,
} from '#test/harness/index.ts'

let curfew: Curfew
beforeAll(async () => {
  curfew = await startCurfew({ store: 'sqlite' })
})
afterAll(() => curfew?.close())

const run = (...args: string[]) =>
  runCommand([...args, '--config', curfew.configFile], { cwd: curfew.stage.folder })
const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', accept: 'text/html' }

async function linked(): Promise<URL> {
  const made = await run('admin', 'link', adminUid)
  expect(made.code, made.stderr).toBe(0)
  return new URL(made.stdout.trim())
}

function press(link: URL, headers: Record<string, string> = own): Promise<Response> {
  const body = new URLSearchParams({ token: link.searchParams.get('token') ?? '' })
  const url = new URL(link.pathname, curfew.url)
  return fetch(url, { method: 'POST', body, headers, redirect: 'manual' })
}

async function audit(query: Record<string, string>): Promise<readonly JsonObject[]> {
  const { body } = await curfew.api.get('/admin/audit', { as: clients.operator, query })
  return body['items'] as readonly JsonObject[]
}

test('a link signs in once, after its button, and its cookie acts at the API as the page', async () => {
  const link = await linked()
  for (let looks = 0; looks < 2; looks++) {
    const page = await fetch(new URL(link.pathname + link.search, curfew.url), { headers: own })
    expect([page.status, (await page.text()).includes(adminUid)]).toEqual([200, true])
    expect(page.headers.getSetCookie()).toEqual([])
  }
  expect((await press(link, { accept: 'text/html', origin: 'https://evil.example' })).status).toBe(
    403,
  )
  const signedIn = await press(link)
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, './'])
  const [cookie = ''] = (signedIn.headers.getSetCookie()[0] ?? '').split(';')
  expect(cookie).toMatch(/^curfew-page=cfp_/)
  expect((await press(link)).status).toBe(410)
  const mine = await fetch(`${curfew.url}/sessions`, { headers: { cookie } })
  const { items } = (await mine.json()) as { items: JsonObject[] }
  expect(items.find((one) => one['current'] === true)).toMatchObject({ uid: adminUid })
  const uid = freshUid()
  await curfew.api.start({ uid, device: 'web' })
  const url = `${curfew.url}/users/${uid}/disable`
  expect((await fetch(url, { method: 'POST', headers: { cookie } })).status).toBe(403)
  const ended = await fetch(url, { method: 'POST', headers: { cookie, ...own } })
  expect(await ended.json()).toEqual({ revoked: 1 })
  const user = await curfew.api.get(`/users/${uid}`, { as: clients.operator })
  expect(user.body).toEqual({ uid, disabled_at: expect.any(Number), live_sessions: 0 })
  expect(await audit({ target: uid })).toMatchObject([
    { actor: adminUid, action: 'user_disabled', detail: { reason: 'user_disabled' } },
  ])
})

test('rule 1 fence: no link from before a sign-out everywhere signs anybody in', async () => {
  const link = await linked()
  await run('users', 'revoke', adminUid)
  expect((await press(link)).status).toBe(410)
  expect((await press(await linked())).status).toBe(303)
})

test('acts have their rows, by whoever did them, and none has a secret', async () => {
  const uid = freshUid()
  const login = await curfew.api.start({ uid, device: 'web' })
  const by = { as: clients.backend }
  await curfew.api.post(`/users/${uid}/revoke`, { ...by, json: { reason: 'moved' } })
  await run('sessions', 'revoke', login.sid)
  await run('users', 'enable', uid)
  await run('keys', 'rotate')
  await run('effects', 'retry', '--all')
  await run('recover', '--keep-sessions')
  const link = await linked()
  expect(await audit({ target: uid })).toMatchObject([
    { actor: 'shell', action: 'user_enabled' },
    { actor: `client:${clients.backend.id}`, action: 'user_revoked', detail: { reason: 'moved' } },
  ])
  expect(await audit({ target: login.sid })).toMatchObject([
    { actor: 'shell', action: 'session_revoked' },
  ])
  const shown = await run('audit', 'list', '--actor', 'shell', '--json')
  const { items } = JSON.parse(shown.stdout) as { items: JsonObject[] }
  const actions = items.map((one) => one['action'])
  for (const action of ['keys_rotated', 'effects_retried', 'recovered', 'admin_link_made']) {
    expect(actions).toContain(action)
  }
  expect(shown.stdout).not.toContain(link.searchParams.get('token'))
  const first = await curfew.api.get('/admin/audit', {
    as: clients.operator,
    query: { limit: '1' },
  })
  const cursor = String(first.body['next_cursor'])
  expect((await audit({ limit: '1', cursor }))[0]?.['id']).not.toBe(first.items[0]?.['id'])
  for (const query of [{ action: 'what' }, { cursor: 'x' }, { limit: '0' }, { more: '1' }]) {
    const { status } = await curfew.api.get('/admin/audit', { as: clients.operator, query })
    expect(status).toBe(400)
  }
  expect((await curfew.api.get('/admin/audit', by)).status).toBe(403)
  expect((await curfew.api.get(`/users/${uid}`, by)).status).toBe(403)
})

test('whom the configuration does not make an administrator gets no link, but the line to add', async () => {
  const uid = freshUid()
  const made = await run('admin', 'link', uid)
  expect(made.code).toBe(1)
  expect(made.stderr).toContain(`{ match: "${uid}", roles: [admin] }`)
  expect(made.stdout).toBe('')
})
