/* What examples/README.md promises of each configuration, seen from a browser, a program and the application. */
import { describe, expect, test } from 'vitest'
import { asObject } from '#test/harness/index.ts'
import { identityIn } from './authorised.ts'
import { useFronts } from './front.ts'
import { app, publicUrl, useHouse } from './house.ts'
import { Person, signedIn } from './person.ts'
import { appHost, authHost } from './proxy.ts'
import type { RawAnswer } from './raw-http.ts'

const house = useHouse()
const fronts = useFronts(() => house().port)
const names = ['X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-Request-Groups']
const alice = {
  'X-Auth-Request-User': ['main:alice'],
  'X-Auth-Request-Email': ['alice@example.com'],
  'X-Auth-Request-Groups': ['pilot'],
}

function jsonOf(answer: RawAnswer): Record<string, unknown> {
  return { ...asObject(JSON.parse(answer.body)) }
}

describe.each(fronts)('$name', ({ front }) => {
  test('a page leads to the sign-in, and from there to the very path and query', async () => {
    const person = new Person(front().proxy, house().provider)
    const page = `${app}/a%20b/c?x=1&y=%2F&z=a+b%C3%A9`
    const first = await person.open(page)
    expect(first.status).toBe(302)
    expect(first.headers.get('location')).toMatch(`${publicUrl}/login?return_to=`)
    expect(first.headers.get('cache-control')).toContain('no-store')
    front().echo.take()
    const last = await person.browse(page)
    expect(last.status).toBe(200)
    expect(person.trail.at(-1)).toBe(page)
    expect(
      front()
        .echo.take()
        .map(({ url }) => app + url),
    ).toEqual([page])
  })

  test.each([
    ['GET', []],
    ['GET', ['Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty', 'Accept', 'text/html']],
    ['GET', ['Accept', 'text/html', 'X-Requested-With', 'XMLHttpRequest']],
    ['POST', ['Accept', 'text/html']],
    ['GET', ['Accept', 'text/html', 'Authorization', 'Bearer cfs_garbage']],
  ] as const)('a %s with %j is no page: 401 and problem JSON', async (method, headers) => {
    const { answer, arrived } = await front().ask({ method, target: '/api', headers })
    expect(answer?.status).toBe(401)
    expect(answer?.headers.get('content-type')).toBe('application/problem+json')
    expect(answer?.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(answer?.headers.get('location')).toBeUndefined()
    expect(answer && jsonOf(answer)['login_url']).toMatch(`${publicUrl}/login`)
    expect(arrived).toEqual([])
  })

  test('the application is told who it is, and gets the other cookies byte for byte', async () => {
    const person = await signedIn(front(), house())
    const ours = person.jar.header(new URL(app)) ?? ''
    const cookie = ['Cookie', `a="1 2"; ${ours}; b=x=y; =z; curfew=planted; c`]
    const { arrived } = await front().ask({ target: '/x', headers: cookie })
    const [one] = arrived
    expect(one && identityIn(one, names)).toEqual(alice)
    expect(one?.headers.all('cookie')).toEqual(['a="1 2"; b=x=y; =z; c'])
    expect(one?.headers.get('host')).toBe(appHost)
    expect(one?.headers.get('authorization')).toBeUndefined()
    const none = await front().ask({ target: '/x', headers: ['Cookie', ours] })
    expect(none.arrived.flatMap((it) => it.headers.all('cookie')).filter(Boolean)).toEqual([])
  })

  test('who lacks the role is refused, who has it comes through', async () => {
    const pilot = await signedIn(front(), house())
    const { answer, arrived } = await front().ask({ target: '/admin', headers: pilot.cookies(app) })
    expect(answer?.status).toBe(403)
    expect(answer && jsonOf(answer)).toMatchObject({ code: 'forbidden', status: 403 })
    expect(arrived).toEqual([])
    const ops = await signedIn(front(), house(), 'ops')
    const open = await front().ask({ target: '/admin', headers: ops.cookies(app) })
    expect(open.arrived.map((it) => it.headers.get('x-auth-request-groups'))).toEqual(['ops,pilot'])
  })

  test('scenario N05: every method comes through with its body, HEAD without one', async () => {
    const headers = (await signedIn(front(), house())).cookies(app)
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST', 'OPTIONS', 'PROPFIND']) {
      const { arrived } = await front().ask({ method, target: '/x', headers, body: 'the body' })
      expect(arrived).toMatchObject([{ method, body: 'the body' }])
    }
    const { answer, arrived } = await front().ask({ method: 'HEAD', target: '/x', headers })
    expect(answer).toMatchObject({ status: 200, body: '', rest: '' })
    expect(answer?.headers.get('x-application')).toBe('echo')
    expect(arrived).toMatchObject([{ method: 'HEAD' }])
  })

  test('a CORS preflight reaches the application, and nobody is in it', async () => {
    const preflight = ['Origin', 'https://other.example', 'Access-Control-Request-Method', 'PUT']
    const headers = [...preflight, 'X-Auth-Request-User', 'mallory']
    const { arrived } = await front().ask({ method: 'OPTIONS', target: '/x', headers })
    expect(arrived).toMatchObject([{ method: 'OPTIONS', url: '/x' }])
    expect(arrived.map((one) => Object.values(identityIn(one, names)).flat())).toEqual([[]])
  })

  test('what the application itself answers stays as it is', async () => {
    const headers = (await signedIn(front(), house())).cookies(app)
    for (const status of [302, 401, 403, 404, 500, 503]) {
      const { answer } = await front().ask({ target: `/status/${status}`, headers })
      expect(answer).toMatchObject({ status, body: 'its own' })
      expect(answer?.headers.get('x-application')).toBe('echo')
    }
  })

  test('/.curfew/signout ends the session for this application and all others at once', async () => {
    const person = await signedIn(front(), house())
    const before = person.cookies(app)
    expect((await front().ask({ target: '/x', headers: before })).arrived).toHaveLength(1)
    const last = await person.browse(`${app}/.curfew/signout`)
    expect(last.status).toBe(200)
    expect(person.trail.at(-1)).toMatch(`${publicUrl}/signed-out`)
    const { answer, arrived } = await front().ask({ target: '/x', headers: before })
    expect([answer?.status, arrived.length]).toEqual([401, 0])
  })

  test('a logout by the API is seen through the proxy in the very next request', async () => {
    const person = await signedIn(front(), house())
    const headers = person.cookies(app)
    const cookie = person.jar.value(new URL(app), '__Host-curfew')
    const bearer = ['Host', authHost, 'Authorization', `Bearer ${cookie}`]
    const logout = await front().ask({ method: 'POST', target: '/logout', headers: bearer })
    expect(logout.answer && jsonOf(logout.answer)).toMatchObject({ revoked: true })
    const { answer, arrived } = await front().ask({ target: '/x', headers })
    expect([answer?.status, arrived.length]).toEqual([401, 0])
  })

  test('hosts that the configuration does not name lead nowhere', async () => {
    for (const host of ['other.example.com', 'example.com', '127.0.0.1']) {
      const { answer, asked, arrived } = await front().ask({ headers: ['Host', host] })
      expect([answer?.status, asked.length, arrived.length]).toEqual([404, 0, 0])
    }
  })
})
