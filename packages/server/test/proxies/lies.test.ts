/* Curfew is away, answers nonsense or nothing: the proxies fail closed, as they are configured here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../services/index.ts'
import { identityIn } from './authorised.ts'
import { useFronts } from './front.ts'
import { Liar } from './liar.ts'

const liar = new Liar()
beforeAll(() => liar.listen())
afterAll(() => liar.close())
const fronts = useFronts(() => liar.port)

const names = ['X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-Request-Groups']
const spoofed = [...names.flatMap((name) => [name, 'mallory']), 'Cookie', '__Host-curfew=x; a=1']
const empty = 'Content-Length: 0\r\n\r\n'

describe.each(fronts)('$name', ({ name, front }) => {
  test('C23: no answer but a 200 lets anybody in', async () => {
    for (const answer of [
      ...['', 'nonsense', '\0\0\0\0', 'HTTP/1.1', 'HTTP/1.1 OK\r\n\r\n'],
      ...['000', '1200', '2', '-200', '20O', '999'].map(
        (code) => `HTTP/1.1 ${code} OK\r\n${empty}`,
      ),
      ...[300, 301, 304, 307, 400, 402, 404, 405, 407, 413, 418, 429, 431, 451].map(
        (code) => `HTTP/1.1 ${code} No\r\n${empty}`,
      ),
      ...[401, 403, 500, 501, 502, 503, 504, 599].map((code) => `HTTP/1.1 ${code} No\r\n${empty}`),
      `HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n`,
      `HTTP/1.1 500 No\r\nCurfew-Verdict: allow\r\nX-Auth-Request-User: x\r\n${empty}`,
      `HTTP/1.1 200 OK\r\nX-Auth-Request-User: x\r\n`,
    ]) {
      liar.answer = answer
      for (const target of ['/x', '/public/x']) {
        const witnessed = await front().ask({ target, headers: spoofed })
        const shown = [answer.slice(0, 60), witnessed.arrived.length]
        expect(shown).toEqual([answer.slice(0, 60), 0])
        expect(witnessed.answer?.status, answer.slice(0, 60)).not.toBe(200)
      }
    }
  })

  test('C25: a 200 that forgets the identity headers leaves none of the client’s', async () => {
    liar.answer = `HTTP/1.1 200 OK\r\n${empty}`
    const { arrived } = await front().ask({ target: '/x', headers: spoofed })
    expect(arrived).toHaveLength(1)
    for (const one of arrived) {
      const told = [...Object.values(identityIn(one, names)).flat(), ...one.headers.all('cookie')]
      // Caddy 2.6 says the name of its own placeholder; nobody is called that.
      expect(
        told.filter((value) => !/^(?:\{http\.reverse_proxy\.header\.[\w-]+\})?$/.test(value)),
      ).toEqual([])
    }
  })

  test('C23: when nobody listens, nobody comes through', async () => {
    front().tap.lead(await freePort())
    const { answer, arrived } = await front().ask({ target: '/public/x', headers: spoofed })
    expect(arrived).toEqual([])
    expect(answer?.status).toBe(name === 'caddy' ? 502 : 503)
    expect(answer?.headers.get('cache-control')).toBe('no-store')
    if (name !== 'caddy') expect(answer?.headers.get('retry-after')).toBe('5')
    front().tap.lead(liar.port)
  })
})

// Side by side: each of them waits for ten seconds.
test('C23: a Curfew that says nothing is given up, and nobody comes through', async () => {
  liar.answer = undefined
  const waiting = fronts.map(({ front }) => front().ask({ target: '/x', headers: spoofed }))
  expect(waiting).toHaveLength(3)
  for (const { answer, arrived } of await Promise.all(waiting)) {
    expect(arrived).toEqual([])
    expect(answer?.status).toBeGreaterThanOrEqual(500)
  }
})
