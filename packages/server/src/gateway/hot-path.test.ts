import { afterEach, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '#authority'
import { Stage } from '#test/gateway/proxy.ts'
import {
  conditions,
  defaultHeaders,
  described,
  navigation,
  otherSid,
  rule,
  settings,
  sid,
  subject,
} from '#test/gateway/requests.ts'

const token = `cfc_${'A'.repeat(76)}`
const cookie = ['Cookie', `a=1; __Host-curfew=${token}; b=2`]
const jwt = (signature: string) => `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.${signature}`

const open: Stage[] = []
afterEach(async () => {
  for (const stage of open.splice(0)) await stage.close()
})

async function stageOf(...args: ConstructorParameters<typeof Stage>): Promise<Stage> {
  const stage = await new Stage(...args).listen()
  open.push(stage)
  return stage
}

async function signedIn(...args: ConstructorParameters<typeof Stage>): Promise<Stage> {
  const stage = await stageOf(...args)
  stage.around.live(token)
  return stage
}

describe('a session seen before', () => {
  test('scenario N02: is asked about once, and answered from memory from then on', async () => {
    const stage = await signedIn()
    const first = await stage.ask(cookie)
    const second = await stage.ask(cookie)
    expect(first.status).toBe(200)
    expect(second).toEqual({
      ...first,
      headers: { ...first.headers, date: second.headers['date'] },
    })
    expect(second.headers).toMatchObject({
      ...{ 'x-auth-request-user': 'main:ann', 'x-auth-request-email': 'ann@example.com' },
      ...{ 'x-auth-request-groups': 'pilot', cookie: 'a=1; b=2' },
    })
    expect(stage.around.presented).toEqual([token])
    expect(stage.around.counted).toEqual(['allow check', 'allow memory'])
  })

  test('scenario H03: the cookies are those of the request, never those of the one before', async () => {
    const stage = await signedIn()
    await stage.ask(cookie)
    const { headers } = await stage.ask(['Cookie', `c=3; __Host-curfew=${token}`])
    expect(headers['cookie']).toBe('c=3')
    const bare = await stage.ask(['Cookie', `__Host-curfew=${token}`])
    expect(bare.headers['cookie']).toBe('')
    expect(stage.around.presented).toHaveLength(1)
  })

  test('scenario S10: sets no cookie', async () => {
    const stage = await signedIn()
    expect((await stage.ask(cookie)).headers['set-cookie']).toBeUndefined()
  })

  test('scenario T08: dead-stays-dead: once denied, memory is not asked', async () => {
    const stage = await signedIn()
    await stage.ask(cookie)
    stage.around.denied.add(sid)
    stage.around.sessions.clear()
    expect((await stage.ask(cookie)).status).toBe(401)
    expect(stage.auth.prepared.size).toBe(0)
  })

  test('scenario O11: dead-stays-dead: what ends while it is asked about is not let in', async () => {
    const stage = await signedIn()
    stage.around.meanwhile = () => {
      if (stage.around.denied.has(sid)) {
        stage.around.sessions.set(token, { kind: 'ended', via: 'cookie', sid, end: null })
      }
      stage.around.denied.add(sid)
    }
    expect((await stage.ask(cookie)).status).toBe(401)
  })

  test('rule 35 stale: a source that calls a denied session alive is not believed', async () => {
    const stage = await signedIn()
    stage.around.denied.add(sid)
    expect((await stage.ask(cookie)).status).toBe(503)
  })

  test.each<[string, (stage: Stage) => void]>([
    ['its time is over', ({ around }) => Object.assign(around, { nowMs: around.nowMs + 30_000 })],
    ['the epoch changed', ({ around }) => Object.assign(around, { epoch: 'a2' })],
    ['the epoch is not known', ({ around }) => Object.assign(around, { epoch: undefined })],
    ['the tail is blind', ({ around }) => Object.assign(around, { stale: true })],
    ['C19: the session changed', ({ auth }) => auth.forget(sid)],
    ['everything changed', ({ auth }) => auth.forgetAll()],
    ['the policy was reloaded', ({ auth }) => auth.replace(settings())],
  ])('is asked about again when %s', async (_, change) => {
    const stage = await signedIn()
    await stage.ask(cookie)
    change(stage)
    expect((await stage.ask(cookie)).status).toBe(200)
    expect(stage.around.presented).toHaveLength(2)
  })

  test('another session that changed is no reason to ask', async () => {
    const stage = await signedIn()
    await stage.ask(cookie)
    stage.auth.forget(otherSid)
    await stage.ask(cookie)
    expect(stage.around.presented).toHaveLength(1)
  })

  test.each<[string, (stage: Stage) => void]>([
    ['the session changes', ({ auth }) => auth.forget(sid)],
    ['the policy is reloaded', ({ auth }) => auth.replace(settings())],
    ['the epoch changes', ({ around }) => Object.assign(around, { epoch: 'a2' })],
  ])('what was decided while %s is not kept', async (_, change) => {
    const stage = await signedIn()
    stage.around.meanwhile = () => change(stage)
    await stage.ask(cookie)
    expect(stage.auth.prepared.size).toBe(0)
  })

  test('last seen is written at most once a minute', async () => {
    const stage = await signedIn()
    for (let second = 0; second <= 120; second += 20) {
      stage.around.live(token)
      await stage.ask(cookie)
      stage.around.nowMs += 20_000
    }
    expect(stage.around.touched).toEqual([sid, sid, sid])
  })
})

describe('C27: what is remembered is never another’s', () => {
  test('scenario T11: two tokens with one beginning', async () => {
    const stage = await signedIn()
    const other = `${token.slice(0, -1)}B`
    stage.around.live(other, { subject: subject({ sid: otherSid, claims: { email: 'b@x.y' } }) })
    for (const [one, email] of [
      [token, 'ann@example.com'],
      [other, 'b@x.y'],
    ] as const) {
      for (let round = 0; round < 2; round++) {
        const { headers } = await stage.ask(['Cookie', `__Host-curfew=${one}`])
        expect(headers['x-auth-request-email']).toBe(email)
      }
    }
    expect(stage.around.presented).toHaveLength(2)
  })

  test('two tokens with one ending', async () => {
    const stage = await stageOf()
    const signature = 'S'.repeat(86)
    const [good, bad] = [jwt(signature), `x${jwt(signature)}`]
    stage.around.live(good, { via: 'bearer' })
    expect((await stage.ask(['Authorization', `Bearer ${good}`])).status).toBe(200)
    expect((await stage.ask(['Authorization', `Bearer ${bad}`])).status).toBe(401)
  })

  test('another rule asks its own conditions', async () => {
    const ops = { ...conditions, roles: ['ops'] }
    const rules = [rule({ paths: ['/admin/**'], require: ops }), rule()]
    const stage = await signedIn({ rules })
    expect((await stage.ask(cookie, '/')).status).toBe(200)
    expect((await stage.ask(cookie, '/admin/x')).status).toBe(403)
    expect(stage.around.refused).toEqual(['condition'])
  })

  test('rule 15 audience: another application gets a token of its own', async () => {
    const headers = [{ name: 'Authorization', template: 'Bearer {{ accessToken }}' }]
    const stage = await signedIn({ rules: [rule({ hosts: ['*.example.com'] })], headers })
    const ask = (host: string) =>
      stage.send([...described('traefik', { host }), ...cookie], '/forward-auth?mode=traefik')
    for (let round = 0; round < 2; round++) {
      for (const host of ['a.example.com', 'b.example.com']) {
        const { headers: got } = await ask(host)
        expect(got['authorization']).toBe(`Bearer at for https://${host}`)
      }
    }
    expect(stage.around.presented).toHaveLength(2)
  })

  test('nginx is told its verdict, others are not', async () => {
    const stage = await signedIn()
    await stage.ask(cookie)
    const nginx = await stage.send([...described('nginx'), ...cookie], '/forward-auth?mode=nginx')
    expect(nginx.headers['curfew-verdict']).toBe('allow')
    expect((await stage.ask(cookie)).headers['curfew-verdict']).toBeUndefined()
  })
})

describe('rule 25 every header, always', () => {
  test('scenario E04: on an open path nobody is identified, whatever is sent', async () => {
    const stage = await signedIn({ rules: [rule({ require: { kind: 'none' } })] })
    const spoofed = ['X-Auth-Request-User', 'admin', 'Authorization', 'Bearer garbage']
    const { status, headers } = await stage.ask([...cookie, ...spoofed])
    expect(status).toBe(200)
    for (const { name } of defaultHeaders.slice(0, 3)) expect(headers[name.toLowerCase()]).toBe('')
    expect(headers['cookie']).toBe('a=1; b=2')
    expect(stage.around.presented).toEqual([])
  })

  test('scenario E06 (C5): an underscore variant is 403', async () => {
    const stage = await signedIn()
    expect((await stage.ask([...cookie, 'X_Auth_Request_User', 'admin'])).status).toBe(403)
    expect(stage.around.refused).toEqual(['aliased_header'])
  })
})

describe('rule 16 one credential: different sessions in one request', () => {
  test('are 403', async () => {
    const stage = await signedIn()
    const bearer = jwt('s')
    stage.around.live(bearer, { via: 'bearer', subject: subject({ sid: otherSid }) })
    await stage.ask(cookie)
    expect((await stage.ask([...cookie, 'Authorization', `Bearer ${bearer}`])).status).toBe(403)
    expect(stage.around.refused).toEqual(['several_credentials'])
  })

  test('one session twice is let in', async () => {
    const stage = await signedIn()
    stage.around.live(jwt('s'), { via: 'bearer' })
    expect((await stage.ask([...cookie, 'Authorization', `Bearer ${jwt('s')}`])).status).toBe(200)
  })

  test('a bad bearer beside a good cookie is 401, remembered or not', async () => {
    const stage = await signedIn()
    await stage.ask(cookie)
    const { status, headers } = await stage.ask([
      ...cookie,
      ...navigation,
      'Authorization',
      'Bearer x.y.z',
    ])
    expect(status).toBe(401)
    expect(headers['location']).toBeUndefined()
  })
})

describe('C7: whose word is taken', () => {
  test('by default nobody’s, and the log says what to do', async () => {
    const stage = await signedIn({}, { trustedProxies: [] })
    expect((await stage.ask(cookie)).status).toBe(403)
    expect(stage.around.refused).toEqual(['untrusted_proxy'])
  })

  test.each([
    ['/forward-auth?mode=nginx', 403, ['missing_header']],
    ['/forward-auth?mode=what', 403, ['unknown_mode']],
    ['/elsewhere', 404, []],
  ])('%s with Traefik’s headers: %i', async (path, status, refused) => {
    const stage = await signedIn()
    expect((await stage.ask(cookie, '/', path)).status).toBe(status)
    expect(stage.around.refused).toEqual(refused)
  })

  test('rule 26 one dialect: on the public host it is not there, but on its own listener', async () => {
    const headers = described('traefik').with(1, 'auth.example.com')
    const stage = await signedIn()
    expect((await stage.send([...headers, ...cookie], '/forward-auth')).status).toBe(404)
    const own = await signedIn({}, { ownListener: true })
    expect((await own.send([...headers, ...cookie], '/forward-auth')).status).toBe(200)
  })

  test('C6: no header of the client opens anything', async () => {
    const stage = await stageOf()
    const agents = ['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0']
    for (const agent of agents) {
      const headers = [
        'User-Agent',
        agent,
        'X-Forwarded-For',
        '127.0.0.1',
        'X-Original-URL',
        '/health',
      ]
      expect((await stage.ask(headers)).status).toBe(401)
    }
  })
})

describe('C23: what goes wrong is never 200', () => {
  test('the store does not answer: 503 with a time, and no cookie is cleared', async () => {
    const stage = await signedIn()
    stage.around.meanwhile = () => Promise.reject(new StoreUnavailable(new Error('down')))
    const { status, headers } = await stage.ask([...cookie, ...navigation])
    expect({ status, retry: headers['retry-after'] }).toEqual({ status: 503, retry: '1' })
    expect(headers['set-cookie']).toBeUndefined()
    expect(stage.around.failures).toEqual([])
  })

  test('scenario K02: nor is a session lost that was there before: memory goes on within its time', async () => {
    const stage = await signedIn()
    await stage.ask(cookie)
    stage.around.meanwhile = () => Promise.reject(new StoreUnavailable(new Error('down')))
    expect((await stage.ask(cookie)).status).toBe(200)
    stage.around.nowMs += 31_000
    expect((await stage.ask(cookie)).status).toBe(503)
    stage.around.meanwhile = () => undefined
    stage.around.live(token)
    expect((await stage.ask(cookie)).status).toBe(200)
  })

  test('something unexpected: 503, and it is told', async () => {
    const stage = await signedIn()
    stage.around.meanwhile = () => Promise.reject(new TypeError('a bug'))
    expect((await stage.ask(cookie)).status).toBe(503)
    expect(stage.around.failures).toHaveLength(1)
  })
})

test('a path of ours is carried out elsewhere, also for signed-in users', async () => {
  const stage = await signedIn()
  const { status, headers } = await stage.ask(cookie, '/.curfew/signout')
  expect({ status, to: headers['location'] }).toEqual({ status: 302, to: 'https://x/signout' })
})

test('Envoy: the request itself, below the path', async () => {
  const stage = await signedIn()
  const { status } = await stage.send(['Host', 'app.example.com', ...cookie], '/forward-auth/a?b')
  expect(status).toBe(200)
})

test('scenario N01: memory is bounded, and what is dropped is counted', async () => {
  const stage = await stageOf({}, { preparedMax: 10 })
  for (let user = 0; user < 30; user++) {
    const own = `cfc_${String(user).padStart(76, '0')}`
    stage.around.live(own)
    await stage.ask(['Cookie', `__Host-curfew=${own}`])
  }
  expect(stage.auth.prepared.size).toBeLessThanOrEqual(10)
  expect(stage.auth.prepared.evicted).toBeGreaterThan(0)
})

test('a value that cannot be sent is counted, and its header is empty', async () => {
  const stage = await stageOf()
  stage.around.live(token, { subject: subject({ claims: { email: 'a\r\nX-Admin: 1' } }) })
  const { headers } = await stage.ask(cookie)
  expect(headers['x-auth-request-email']).toBe('')
  expect(headers['x-admin']).toBeUndefined()
  expect(stage.around.dropped).toEqual(['X-Auth-Request-Email'])
})
