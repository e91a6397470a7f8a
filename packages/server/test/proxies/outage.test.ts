/* The store goes away and comes back, and proxies that nobody has named as trusted. */
import { afterAll, describe, expect, test } from 'vitest'
import { eventually } from '#test/harness/index.ts'
import { Wire } from '../races/rig/wire.ts'
import { freshDatabase } from '../services/vitest.ts'
import { useFronts, type Witnessed } from './front.ts'
import { app, useHouse } from './house.ts'
import { navigation, type Person, signedIn } from './person.ts'
import { authHost } from './proxy.ts'

let wire: Wire
// The last one to go: what is closed first is what was opened last.
afterAll(() => wire?.close())
const house = useHouse(async () => {
  const { url } = await freshDatabase()
  wire = await Wire.to(url)
  const revocation = { pullInterval: '200ms', maxStaleness: '2s' }
  return { store: wire.url(url), revocation }
})
// The default: nobody is trusted.
const strict = useHouse(() => ({ server: { trustedProxies: [] } }))
const fronts = useFronts(() => house().port)

describe('a store that cannot be reached', () => {
  const people = new Map<string, Person>()
  const visits = (): Promise<Witnessed[]> =>
    Promise.all(
      fronts.map(({ name, front }) => {
        const headers = people.get(name)?.cookies(app) ?? []
        return front().ask({ target: '/x', headers })
      }),
    )
  const all = (status: number) => async (): Promise<Witnessed[] | undefined> => {
    const seen = await visits()
    return seen.every(({ answer }) => answer?.status === status) ? seen : undefined
  }

  test('is 503 with a time to come back, to everybody, and signs nobody out', async () => {
    for (const { name, front } of fronts) people.set(name, await signedIn(front(), house()))
    wire.set('refused')
    const away = await eventually(all(503), { what: '503 by all three proxies' })
    for (const { answer, arrived } of away) {
      expect(arrived).toEqual([])
      expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(answer?.headers.get('content-type')).toBe('application/problem+json')
      expect(answer?.headers.all('set-cookie')).toEqual([])
    }
    wire.set('open')
    const back = await eventually(all(200), { what: 'the way back' })
    expect(back.map(({ arrived }) => arrived[0]?.headers.get('x-auth-request-user'))).toEqual(
      fronts.map(() => 'main:alice'),
    )
  })
})

describe.each(fronts)('$name', ({ front }) => {
  test('C7: by default no proxy is believed, and the log says what to do', async () => {
    front().tap.lead(strict().port)
    const headers = ['Accept', 'text/html', 'X-Forwarded-For', '127.0.0.1']
    for (const target of ['/x', '/public/x', '/.curfew/signout']) {
      const { answer, asked, arrived } = await front().ask({ target, headers })
      expect([answer?.status, asked.length, arrived.length]).toEqual([403, 1, 0])
    }
    expect(strict().log()).toContain('127.0.0.1 is not in server.trustedProxies')
    front().tap.lead(house().port)
  })

  test('C7: nobody outside can ask forward auth, by any spelling', async () => {
    const described = [
      ...[
        'X-Forwarded-Method',
        'GET',
        'X-Forwarded-Proto',
        'https',
        'X-Forwarded-Uri',
        '/public/x',
      ],
      ...['X-Original-URL', 'https://app.example.com/public/x', 'X-Original-Method', 'GET'],
    ]
    for (const path of [
      ...['/forward-auth', '/forward-auth/', '/forward-auth/public/x', '/forward-auth?mode=nginx'],
      ...['//forward-auth?mode=traefik', '/./forward-auth', '/%66orward-auth', '/Forward-Auth'],
      ...['/x/../forward-auth?mode=traefik', '/forward-auth;x', '/forward-auth%3fmode=nginx'],
      ...['http://auth.example.com/forward-auth', 'http://app.example.com/forward-auth'],
    ]) {
      for (const host of ['auth.example.com', 'AUTH.example.com:443', 'app.example.com', 'x']) {
        const headers = ['Host', host, ...described]
        const { answer, arrived } = await front().ask({ target: path, headers })
        const shown = [path, host, arrived.length, answer?.headers.all('x-auth-request-user')]
        expect(shown).toEqual([path, host, 0, answer && []])
        expect([200, 204]).not.toContain(answer?.status)
      }
    }
  })
})

// The last one: it takes what is left of the limit, which all people of this file share.
test('C24: a limit by address is not escaped by saying another one', async () => {
  for (const { front } of fronts) {
    let refused = 0
    for (let n = 0; n < 200 && refused === 0; n++) {
      const said = ['X-Forwarded-For', `198.51.100.${n}`, 'X-Real-IP', `198.51.100.${n}`]
      const headers = ['Host', authHost, ...navigation, ...said, 'Forwarded', `for=198.51.100.${n}`]
      const { answer } = await front().ask({ target: '/login', headers })
      if (answer?.status === 429) refused = Number(answer.headers.get('retry-after'))
    }
    expect(refused).toBeGreaterThan(0)
  }
})
