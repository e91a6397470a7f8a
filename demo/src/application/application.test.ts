import { expect, onTestFinished, test } from 'vitest'
import { startApplication } from './application.ts'

async function ask(path: string, headers: Record<string, string> = {}) {
  const application = await startApplication('http://127.0.0.1:1')
  onTestFinished(application.stop)
  const response = await fetch(application.url + path, { headers })
  return { status: response.status, body: await response.text() }
}

const alice = {
  'x-auth-request-user': 'alice',
  'x-auth-request-name': 'Alice <b>Moreau',
  'x-auth-request-email': 'alice@example.com',
  'x-auth-request-groups': 'pilot,ops',
}

test('who is there is what the headers say, and none of it is markup', async () => {
  const { status, body } = await ask('/', alice)
  expect(status).toBe(200)
  expect(body).toContain('Hello, Alice &lt;b&gt;Moreau')
  expect(body).toContain('<span class="tag">pilot</span> <span class="tag">ops</span>')
  expect(body).not.toContain('<b>Moreau')
})

test('the headers of identity stand first and marked, the others after them', async () => {
  const { body } = await ask('/', { 'x-request-id': '7', ...alice, cookie: '' })
  const rows = [...body.matchAll(/<tr class="(\w*)"><th scope="row">([^<]+)/g)]
  const marked = rows.filter(([, mark]) => mark === 'own').map(([, , name]) => name)
  expect(marked).toEqual([...Object.keys(alice), 'cookie'])
  expect(rows.slice(0, marked.length).every(([, mark]) => mark === 'own')).toBe(true)
  expect(rows.some(([, , name]) => name === 'x-request-id')).toBe(true)
})

test('somebody without a role is said to have none', async () => {
  const { body } = await ask('/', { ...alice, 'x-auth-request-groups': '' })
  expect(body).toContain('no role')
})

test('the ping says whose it is, and an unknown page is 404', async () => {
  expect(JSON.parse((await ask('/api/ping', alice)).body)).toMatchObject({ user: 'alice' })
  expect((await ask('/nothing', alice)).status).toBe(404)
})

test('the mission page runs its own script alone, and says who may not fly', async () => {
  const { body } = await ask('/mission', alice)
  expect(body).toContain('<script type="module" src="/scripts/mission.js"></script>')
  expect(body).toContain('script-src &#39;self&#39;')
  expect(body).not.toContain('you are none')
  expect((await ask('/scripts/mission.js', alice)).body).toContain('EventSource')
  const bob = { ...alice, 'x-auth-request-groups': '' }
  expect((await ask('/mission', bob)).body).toContain('you are none')
})
