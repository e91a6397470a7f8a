/* Attacks on the feed (API.md, section 6): a reader who keeps the rules of HTTP must lose no end. */
import { describe, expect, test } from 'vitest'
import { clients, cursorOf, freshUid, stores, useCurfew } from '#test/harness/index.ts'

describe.each(stores)('the feed on %s', (store) => {
  const { api } = useCurfew({ store })

  test('no-lost-end: a reader that sends its last ETag along gets the next page', async () => {
    let cursor = await api.head()
    const ended: string[] = []
    for (let count = 0; count < 4; count++) {
      const login = await api.start({ uid: freshUid(), device: 'web' })
      await api.logout(login.accessToken)
      ended.push(login.sid)
    }
    const seen: unknown[] = []
    let headers: Record<string, string> = {}
    for (let pull = 0; pull < 4; pull++) {
      const query = { since: cursor, limit: 2 }
      const answer = await api.get('/sessions/revoked', { as: clients.satellite, query, headers })
      if (answer.status === 200) seen.push(...answer.list.map((entry) => entry['sid']))
      cursor = cursorOf(answer)
      headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
    }
    expect(seen).toEqual(ended)
  })
})
