/* Ways of walking around the sign-in, through the proxies that users run (C1, C9, C20). */
import { describe, expect, test } from 'vitest'
import { leadingAway } from './corpus.ts'
import { useFronts } from './front.ts'
import { app, publicUrl, useHouse } from './house.ts'
import { Person, signedIn } from './person.ts'
import { authHost } from './proxy.ts'

// More attempts than a person makes in a minute.
const house = useHouse(() => ({ limits: { signIns: 'off' } }))
const fronts = useFronts(() => house().port)
const cookieName = '__Host-curfew'

describe.each(fronts)('$name', ({ front }) => {
  test('C1: sign-in and sign-out lead to no other host, however it is written', async () => {
    const person = await signedIn(front(), house())
    for (const target of leadingAway) {
      for (const path of ['/login', '/signout']) {
        const address = `${publicUrl}${path}?return_to=${encodeURIComponent(target)}`
        const answer = await person.open(address)
        const shown = [path, target, answer.status, answer.headers.get('location')]
        expect(shown).toEqual([path, target, 400, undefined])
      }
    }
    // Nothing was ended by the attempts.
    expect((await person.open(`${app}/x`)).status).toBe(200)
  })

  test('C1: a path that looks like another host leads back to this one, or nowhere', async () => {
    for (const path of [
      '//evil.example',
      '/\\evil.example',
      '/%2f%2fevil.example',
      '/.evil.example',
    ]) {
      const person = new Person(front().proxy, house().provider)
      await person.browse(app + path)
      const hosts = new Set(person.trail.map((address) => new URL(address).host))
      expect([...hosts].filter((host) => host.endsWith('evil.example'))).toEqual([])
    }
  })

  test('C1: no token stands in an address, and what stands there is good once', async () => {
    const person = await signedIn(front(), house())
    const cookie = person.jar.value(new URL(app), cookieName) ?? 'none'
    expect(person.trail.join('\n')).not.toMatch(/cf[a-z]_|eyJ/)
    expect(person.trail.join('\n')).not.toContain(cookie)
    const ticket = person.trail.find((address) => address.includes('/.curfew/session?ticket='))
    const again = new Person(front().proxy, house().provider)
    again.jar.set(new URL(app), 'a', '1')
    for (const visitor of [person, again]) {
      const answer = await visitor.open(ticket ?? '')
      expect(answer.headers.all('set-cookie').filter((one) => one.startsWith(cookieName))).toEqual(
        [],
      )
    }
  })

  test('C9: a sign-in never goes on with the cookie that was there before', async () => {
    const planted = await signedIn(front(), house(), 'stranger')
    const held = planted.jar.value(new URL(app), cookieName) ?? ''
    const victim = new Person(front().proxy, house().provider)
    for (const url of [app, publicUrl]) victim.jar.set(new URL(url), cookieName, held)
    house().provider.subject = 'alice'
    await victim.browse(`${publicUrl}/login?return_to=${encodeURIComponent(`${app}/x`)}`)
    // The session that the browser had is over, and the new one is another one.
    const atHome = victim.jar.value(new URL(publicUrl), cookieName)
    expect(atHome).toMatch(/^cfc_/)
    expect(atHome).not.toBe(held)
    const { answer, arrived } = await front().ask({ headers: ['Cookie', `${cookieName}=${held}`] })
    expect([answer?.status, arrived.length]).toEqual([401, 0])
  })

  test('C20: what is for operators is not there for who comes through a proxy', async () => {
    const { cookies } = await signedIn(front(), house(), 'ops').then((ops) => ({
      cookies: ops.cookies(publicUrl),
    }))
    for (const [target, statuses] of [
      ['/metrics', [404]],
      ['/admin/sessions', [401, 403, 404]],
      ['/users/main:alice/sessions', [401, 403]],
      ['/sessions/revoked', [401, 403]],
      ['/debug/pprof/', [404]],
      ['/config', [404]],
    ] as const) {
      for (const headers of [[], cookies]) {
        const host = ['Host', authHost]
        const { answer } = await front().ask({ target, headers: [...host, ...headers] })
        expect([target, statuses]).toEqual([target, expect.arrayContaining([answer?.status])])
      }
    }
  })
})
