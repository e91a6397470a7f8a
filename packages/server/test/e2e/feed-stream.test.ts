/* The feed as server-sent events (API.md, section 6). */
import { describe, expect, test } from 'vitest'
import {
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

const cursorShape = /^[A-Za-z][^.]*\.[0-9]+$/

describe.each(stores)('the stream of the feed on %s', (store) => {
  const house = useCurfew({ store })
  const { api } = house

  const ended = async (device = 'web'): Promise<Login> => {
    const login = await api.start({ uid: freshUid(), device })
    await api.logout(login.accessToken)
    return login
  }

  test('an end arrives as one event whose id is the cursor and whose data is the entry', async () => {
    const since = await api.head()
    const stream = await api.feedStream({ since })
    try {
      expect(stream.status).toBe(200)
      expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
      const login = await ended()
      const event = await stream.next()
      expect(JSON.parse(event?.data ?? '')).toEqual({
        sid: login.sid,
        jti: claimsOf(login.accessToken)['jti'],
        exp: claimsOf(login.accessToken)['exp'],
      })
      expect(event?.id).toMatch(cursorShape)
      expect(cursorOf(await api.feed({ since }))).toBe(event?.id)
      expect((await api.feed({ since: asText(event?.id) })).list).toEqual([])
    } finally {
      stream.close()
    }
  })

  test('Last-Event-ID resumes after that event, before since', async () => {
    const since = await api.head()
    const logins = [await ended(), await ended(), await ended()]
    const stream = await api.feedStream({ since })
    const first = await stream.next()
    stream.close()
    expect(JSON.parse(first?.data ?? '')['sid']).toBe(logins[0]?.sid)
    const resumed = await api.feedStream(
      { since },
      { as: clients.satellite, headers: { 'last-event-id': asText(first?.id) } },
    )
    try {
      const sids = [await resumed.next(), await resumed.next()].map(
        (event) => JSON.parse(event?.data ?? '')['sid'],
      )
      expect(sids).toEqual([logins[1]?.sid, logins[2]?.sid])
    } finally {
      resumed.close()
    }
  })

  test('without since everything unexpired comes first, then what happens', async () => {
    const old = await ended()
    const stream = await api.feedStream()
    try {
      const before = await stream.drain(500)
      expect(before.map((event) => JSON.parse(event.data)['sid'])).toContain(old.sid)
      const login = await ended()
      expect(JSON.parse((await stream.next())?.data ?? '')['sid']).toBe(login.sid)
    } finally {
      stream.close()
    }
  })

  test('the stream checks its caller like the feed, and its since', async () => {
    const person = await api.start({ uid: freshUid(), device: 'web' })
    const statuses: number[] = []
    for (const options of [{}, { as: person.accessToken }, { as: clients.webapp }]) {
      const stream = await api.feedStream({}, options)
      statuses.push(stream.status)
      stream.close()
    }
    expect(statuses).toEqual([401, 403, 403])
    const malformed = await api.feedStream({ since: 'abc' })
    expect(malformed.status).toBe(400)
    malformed.close()
  })

  // Each of these waits for the comment that comes every 15 s: side by side.
  test.concurrent('scenario A08: a caller whose session ends loses the stream', async () => {
    const bearer = await api.clientToken(clients.satellite)
    const since = await api.head()
    const stream = await api.feedStream({ since }, { as: bearer })
    try {
      expect(stream.status).toBe(200)
      const sid = asText(claimsOf(bearer)['sid'])
      await api.post(`/sessions/${sid}/revoke`, { as: clients.operator })
      // API.md: the caller is checked again with every comment, each 15 s.
      const closed = await eventually(async () => {
        const event = await stream.next(20_000)
        return event === undefined ? true : undefined
      })
      expect(closed).toBe(true)
    } finally {
      stream.close()
    }
  })

  test.concurrent('a comment keeps the stream open', async () => {
    const since = await api.head()
    const stream = await api.feedStream({ since }, { as: clients.operator })
    try {
      await eventually(() => (stream.comments.length > 0 ? true : undefined), {
        everyMs: 200,
      })
    } finally {
      stream.close()
    }
  })
})
