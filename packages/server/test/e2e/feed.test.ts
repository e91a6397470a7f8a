/* The revocation feed: AC-4, S87, S93 to S102, rule 38 (API.md, section 6). */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  type Answer,
  asNumber,
  asText,
  claimsOf,
  clients,
  cursorOf,
  eventually,
  freshUid,
  type Login,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const second = 1000
// Access tokens of the class `brief` live for two seconds, so that tests can outlive them.
const config = {
  tokens: { refreshGrace: '1s' },
  sessions: { devices: { brief: { policy: 'multiple', accessTtl: '2s' } } },
}
const cursorShape = /^[A-Za-z][^.]*\.[0-9]+$/

const sidsOf = (answer: Answer): string[] => answer.list.map((entry) => asText(entry['sid']))
const nowOf = (answer: Answer): number => Number(answer.headers.get('curfew-now'))

describe.each(stores)('the feed on %s', (store) => {
  const alone = useCurfew({ store, config })
  const house = useCurfew({ store, config })
  const { api } = house

  const started = (device = 'web', uid = freshUid()): Promise<Login> => api.start({ uid, device })
  const ended = async (device = 'web'): Promise<Login> => {
    const login = await started(device)
    await api.logout(login.accessToken)
    return login
  }

  test('S87 (AC-4): five ended in the hour, two have expired: exactly three entries', async () => {
    const gone = await Promise.all(
      [1, 2].map(() => alone.api.start({ uid: freshUid(), device: 'brief' })),
    )
    const kept = await Promise.all(
      [1, 2, 3].map(() => alone.api.start({ uid: freshUid(), device: 'web' })),
    )
    for (const login of [...gone, ...kept]) await alone.api.logout(login.accessToken)
    await sleep(3.1 * second)
    const answer = await alone.api.feed({ since: Math.floor(Date.now() / 1000) - 3600 })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.type).toBe('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
    expect(answer.list).toEqual(
      kept.map(({ sid, accessToken }) => ({
        sid,
        jti: claimsOf(accessToken)['jti'],
        exp: claimsOf(accessToken)['exp'],
      })),
    )
    expect(sidsOf(await alone.api.feed())).toEqual(kept.map((login) => login.sid))
  })

  test('every answer names its position, the server’s time and a tag', async () => {
    for (const query of [{}, { since: await api.head() }, { since: 0 }]) {
      const answer = await api.feed(query)
      expect(answer.status, answer.text).toBe(200)
      expect(cursorOf(answer)).toMatch(cursorShape)
      expect(Math.abs(nowOf(answer) - Date.now() / 1000)).toBeLessThan(5)
      expect(answer.headers.get('etag')).toBeTruthy()
      expect(answer.headers.get('cache-control')).toBe('no-cache')
    }
  })

  test('the feed is for service and admin: others 403, none 401', async () => {
    const person = await started()
    const none = await api.get('/sessions/revoked')
    expect(none.status).toBe(401)
    expect(none.headers.get('www-authenticate')).toBeTruthy()
    expect((await api.feed({}, person.accessToken)).status).toBe(403)
    expect((await api.feed({}, clients.webapp)).status).toBe(403)
    const bearer = await api.clientToken(clients.satellite)
    expect((await api.feed({}, bearer)).status).toBe(200)
  })

  test('S93: a service whose session has been revoked gets 401', async () => {
    const bearer = await api.clientToken(clients.satellite)
    const sid = asText(claimsOf(bearer)['sid'])
    expect(claimsOf(bearer)['sub']).toBe('client:satellite')
    const revoked = await api.post(`/sessions/${sid}/revoke`, { as: clients.operator })
    expect(revoked.status, revoked.text).toBe(200)
    const refused = await api.feed({}, bearer)
    expect(refused.status).toBe(401)
    expect(refused.body['code']).toBe('session_ended')
    const next = await api.clientToken(clients.satellite)
    expect(asText(claimsOf(next)['sid'])).not.toBe(sid)
    expect((await api.feed({}, next)).status).toBe(200)
  })

  test('S93: a service account that is disabled gets 401 until it is enabled', async () => {
    const bearer = await api.clientToken(clients.satellite)
    const path = `/users/${encodeURIComponent('client:satellite')}`
    expect((await api.post(`${path}/disable`, { as: clients.operator })).status).toBe(200)
    for (const as of [bearer, clients.satellite]) expect((await api.feed({}, as)).status).toBe(401)
    expect((await api.clientCredentials(clients.satellite)).status).toBe(401)
    expect((await api.post(`${path}/enable`, { as: clients.operator })).status).toBe(200)
    expect((await api.feed()).status).toBe(200)
    expect((await api.feed({}, bearer)).status).toBe(401)
  })

  test('S94: without since all, with a cursor only what came after', async () => {
    const one = await ended()
    const full = await api.feed()
    expect(sidsOf(full)).toContain(one.sid)
    const cursor = cursorOf(full)
    const [two, three] = [await ended(), await ended()]
    const later = await api.feed({ since: cursor })
    expect(sidsOf(later)).toEqual([two.sid, three.sid])
    expect((await api.feed({ since: cursorOf(later) })).list).toEqual([])
    expect(cursorOf(await api.feed({ since: cursorOf(later) }))).toBe(cursorOf(later))
    // The cursor may be used again.
    expect(sidsOf(await api.feed({ since: cursor }))).toEqual([two.sid, three.sid])
  })

  test('S95: a malformed since is 400, a slightly early one is not', async () => {
    const now = Math.floor(Date.now() / 1000)
    const wrong = [
      'abc',
      '-1',
      '1.5',
      '',
      ' ',
      '1e3',
      '0x10',
      String(Date.now()),
      String(now + 7 * 86_400),
      '99999999999999999999',
      'e.x',
      'e.',
      '.5',
      'e.-1',
      'e.1.2',
      'epoch',
    ]
    for (const since of wrong) {
      const answer = await api.feed({ since })
      expect(answer.status, `since=${since} ${answer.text}`).toBe(400)
      expect(answer.type).toBe('application/problem+json')
    }
    const twice = await api.get('/sessions/revoked', {
      as: clients.satellite,
      query: 'since=1&since=2',
    })
    expect(twice.status).toBe(400)
    for (const limit of ['0', '-1', 'x', '1.5']) {
      const query = { limit }
      const answer = await api.get('/sessions/revoked', { as: clients.satellite, query })
      expect(answer.status, `limit=${limit}`).toBe(400)
    }
    expect((await api.feed({ since: now + 3 })).status).toBe(200)
    expect((await api.feed({ since: 0 })).status).toBe(200)
    const strange = { as: clients.satellite, query: { colour: 'red' } }
    expect((await api.get('/sessions/revoked', strange)).status).toBe(400)
  })

  test('S96: rule 38 in seconds: since is inclusive and looks back five seconds further', async () => {
    const login = await ended()
    const at = asNumber((await api.session(login.sid))['revoked_at'], 'revoked_at')
    for (const since of [at - 3600, at - 1, at, at + 4]) {
      expect(sidsOf(await api.feed({ since })), `${since - at}`).toContain(login.sid)
    }
    await eventually(async () => (nowOf(await api.feed()) >= at + 8 ? true : undefined), {
      everyMs: 250,
    })
    expect(sidsOf(await api.feed({ since: at + 7 }))).not.toContain(login.sid)
  })

  test('rule 38 feed time: a poller that passes the time of its last poll misses nothing', async () => {
    const login = await started()
    const poll = await api.feed()
    await api.logout(login.accessToken)
    expect(sidsOf(await api.feed({ since: nowOf(poll) }))).toContain(login.sid)
  })

  test('S98: pages of a cursor stay under 5,000 bytes and lose nothing while more ends come', async () => {
    const cursor = await api.head()
    const uid = freshUid()
    const logins = await Promise.all(
      Array.from({ length: 150 }, (_, n) => started('brief', `${uid}-${n}`)),
    )
    // The class does not matter here: what counts is that many are listed with all=true.
    await Promise.all(logins.map((login) => api.logout(login.sessionToken)))
    const seen: string[] = []
    let since = cursor
    let added: Login | undefined
    for (let page = 0; page < 100; page++) {
      const answer = await api.feed({ since, all: true })
      expect(answer.status, answer.text).toBe(200)
      expect(Buffer.byteLength(answer.text)).toBeLessThan(5000)
      expect(answer.headers.get('curfew-reset')).toBeNull()
      seen.push(...sidsOf(answer))
      since = cursorOf(answer)
      if (page === 1) added = await ended()
      if (answer.headers.get('curfew-more') !== 'true') break
    }
    const expected = [...logins.map((login) => login.sid), asText(added?.sid)]
    expect(seen).toHaveLength(expected.length)
    expect(new Set(seen)).toEqual(new Set(expected))
    // A limit asks for more, and a numeric since is answered whole.
    const big = await api.feed({ since: cursor, limit: 200, all: true })
    expect(big.list).toHaveLength(151)
    expect(big.headers.get('curfew-more')).not.toBe('true')
    const whole = await api.feed({ since: Math.floor(Date.now() / 1000) - 600, all: true })
    expect(whole.list.length).toBeGreaterThanOrEqual(151)
    expect(whole.headers.get('curfew-more')).not.toBe('true')
    const small = await api.feed({ since: cursor, limit: 3, all: true })
    expect(sidsOf(small)).toEqual(seen.slice(0, 3))
    expect(small.headers.get('curfew-more')).toBe('true')
    const limited = await api.feed({ since: 0, limit: 2, all: true })
    expect(limited.list).toHaveLength(2)
    expect(limited.headers.get('curfew-more')).toBe('true')
    const rest = await api.feed({ since: cursorOf(limited), limit: 1000, all: true })
    expect(sidsOf(rest)).not.toContain(sidsOf(limited)[1])
  })

  test('S99: exp is the latest of all access tokens, jti the newest', async () => {
    const uid = freshUid()
    const first = await started('pc', uid)
    await sleep(1.1 * second)
    const joined = await started('pc', uid)
    expect(joined.sid).toBe(first.sid)
    await sleep(1.1 * second)
    const renewed = await api.refreshed(first)
    const cursor = await api.head()
    await api.logout(first.accessToken)
    const newest = claimsOf(renewed.accessToken)
    expect(newest['exp']).toBeGreaterThan(Number(claimsOf(first.accessToken)['exp']))
    expect((await api.feed({ since: cursor })).list).toEqual([
      { sid: first.sid, jti: newest['jti'], exp: newest['exp'] },
    ])
  })

  test('S100: an entry leaves the feed with its exp; all=true and the audit keep it', async () => {
    const cursor = await api.head()
    const login = await ended('brief')
    const exp = asNumber(claimsOf(login.accessToken)['exp'])
    expect(sidsOf(await api.feed({ since: cursor }))).toEqual([login.sid])
    const later = await eventually(async () => {
      const answer = await api.feed({ since: cursor })
      return answer.list.length === 0 ? answer : undefined
    })
    expect(nowOf(later)).toBeGreaterThanOrEqual(exp)
    expect(sidsOf(await api.feed())).not.toContain(login.sid)
    expect(sidsOf(await api.feed({ since: cursor, all: true }))).toEqual([login.sid])
    expect((await api.session(login.sid))['revoked_reason']).toBe('user_logout')
  })

  test('S101: a session whose access tokens had all expired is only in all=true', async () => {
    const login = await started('brief')
    await sleep(3.1 * second)
    const cursor = await api.head()
    await api.logout(login.sessionToken)
    expect((await api.feed({ since: cursor })).list).toEqual([])
    expect(sidsOf(await api.feed({ since: cursor, all: true }))).toEqual([login.sid])
    expect(await api.works(login.sessionToken)).toBe(false)
  })

  test('S102: If-None-Match answers 304 until something ends', async () => {
    await ended()
    const first = await api.feed()
    const tag = asText(first.headers.get('etag'), 'ETag')
    const ask = (since?: string) =>
      api.get('/sessions/revoked', {
        as: clients.satellite,
        headers: { 'if-none-match': tag },
        ...(since === undefined ? {} : { query: { since } }),
      })
    const same = await ask()
    expect(same.status).toBe(304)
    expect(same.text).toBe('')
    expect(same.headers.get('etag')).toBe(tag)
    expect(cursorOf(same)).toBe(cursorOf(first))
    expect(nowOf(same)).toBeGreaterThan(0)
    const login = await ended()
    const changed = await ask()
    expect(changed.status).toBe(200)
    expect(sidsOf(changed)).toContain(login.sid)
  })

  test('S105: each session is listed with the expiry of its own tokens', async () => {
    const uid = freshUid()
    const [brief, web] = [await started('brief', uid), await started('web', uid)]
    const cursor = await api.head()
    await api.post('/logout/all', { as: web.accessToken })
    const { list } = await api.feed({ since: cursor, all: true })
    const expOf = (login: Login): unknown =>
      list.find((entry) => entry['sid'] === login.sid)?.['exp']
    expect(expOf(brief)).toBe(claimsOf(brief.accessToken)['exp'])
    expect(expOf(web)).toBe(claimsOf(web.accessToken)['exp'])
  })

  test('an unknown epoch or a cursor ahead of the head resets: all that is unexpired, never nothing', async () => {
    const login = await ended()
    const head = await api.head()
    const [epoch, seq] = head.split('.')
    const ahead = [`${epoch}.${Number(seq) + 1000}`, `${epoch}.9223372036854775807`]
    for (const since of [...ahead, `x${epoch}.1`, 'E.1', 'a-store_2.7']) {
      const answer = await api.feed({ since })
      expect(answer.status, `${since} ${answer.text}`).toBe(200)
      expect(answer.headers.get('curfew-reset')).toBe('true')
      expect(sidsOf(answer)).toContain(login.sid)
      expect(cursorOf(answer)).toBe(head)
    }
    const fine = await api.feed({ since: head })
    expect(fine.headers.get('curfew-reset')).not.toBe('true')
  })

  test('the order is that of the ends, numbers rise without gaps', async () => {
    const cursor = await api.head()
    const start = Number(cursor.split('.')[1])
    const logins = [await ended(), await ended(), await ended()]
    for (const [index, login] of logins.entries()) {
      const page = await api.feed({ since: `${cursor.split('.')[0]}.${start + index}`, limit: 1 })
      expect(sidsOf(page)).toEqual([login.sid])
      expect(Number(cursorOf(page).split('.')[1])).toBe(start + index + 1)
    }
  })

  test('HEAD is like GET without a body; other methods are 405 or 404', async () => {
    const head = await api.send('HEAD', '/sessions/revoked', { as: clients.satellite })
    expect(head.status).toBe(200)
    expect(cursorOf(head)).toMatch(cursorShape)
    const post = await api.post('/sessions/revoked', { as: clients.satellite })
    expect([404, 405]).toContain(post.status)
  })
})
