import { beforeAll, describe, expect, test } from 'vitest'
import { identityIn, unasked } from './authorised.ts'
import { openingHeaders, spellings } from './corpus.ts'
import { useFronts } from './front.ts'
import { app, useHouse } from './house.ts'
import { type Person, signedIn } from './person.ts'

const house = useHouse()
const fronts = useFronts(() => house().port)

const names = ['X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-Request-Groups']
const spoofed = names.flatMap((name) => [name, 'mallory'])
const alice = {
  'X-Auth-Request-User': ['main:alice'],
  'X-Auth-Request-Email': ['alice@example.com'],
  'X-Auth-Request-Groups': ['pilot'],
}
const nobody = {
  'X-Auth-Request-User': [],
  'X-Auth-Request-Email': [],
  'X-Auth-Request-Groups': [],
}

describe.each(fronts)('$name', ({ name, front }) => {
  let pilot: Person
  beforeAll(async () => {
    pilot = await signedIn(front(), house())
  })

  test('C5: no spelling of an identity header makes a client somebody else', async () => {
    for (const spell of spellings) {
      const headers = names.flatMap((one) => [spell(one), 'mallory'])
      for (const [target, cookies, told] of [
        ['/x', pilot.cookies(app), alice],
        ['/public/x', [], nobody],
      ] as const) {
        const both = { target, headers: [...headers, ...cookies, ...headers] }
        const witnessed = await front().ask(both)
        for (const arrived of witnessed.arrived) expect(identityIn(arrived, names)).toEqual(told)
        expect(unasked(name, witnessed)).toEqual([])
      }
    }
  })

  test('C25: each identity header is ours, also where it is empty and the client sends its own', async () => {
    const told = async (target: string, headers: readonly string[]) => {
      const { arrived } = await front().ask({ target, headers: [...spoofed, ...headers] })
      return arrived.map((one) => identityIn(one, names))
    }
    expect(await told('/x', pilot.cookies(app))).toEqual([alice])
    const stranger = await signedIn(front(), house(), 'stranger')
    const bob = { ...nobody, 'X-Auth-Request-User': ['main:bob'] }
    expect(await told('/x', stranger.cookies(app))).toEqual([bob])
    expect(await told('/public/x', [])).toEqual([nobody])
    expect(await told('/public/x', pilot.cookies(app))).toEqual([nobody])
  })

  test('C25: a client cannot have identity headers taken out on the way', async () => {
    for (const listed of [names.join(', '), 'X-Auth-Request-Groups', 'Cookie', 'Host']) {
      const headers = ['Connection', `close, ${listed}`, ...pilot.cookies(app), 'Cookie', 'a=1']
      const { arrived } = await front().ask({ target: '/x', headers })
      expect(arrived.map((one) => identityIn(one, names))).toEqual([alice])
    }
  })

  test('C6: nothing that a client says of itself spares it the sign-in, or gives it a role', async () => {
    for (const [header, value] of openingHeaders) {
      const sent = `${header}: ${value}`
      for (const headers of [
        [header, value],
        [header, value, header, value],
      ]) {
        const { arrived } = await front().ask({ target: '/x', headers })
        expect([sent, arrived.length]).toEqual([sent, 0])
      }
      const headers = [header, value, ...pilot.cookies(app)]
      const { arrived } = await front().ask({ target: '/admin/x', headers })
      expect([sent, arrived.length]).toEqual([sent, 0])
    }
  })

  test('C7: what a client says of the request is not what is decided about', async () => {
    for (const [header, value] of openingHeaders) {
      const headers = [header, value, ...pilot.cookies(app)]
      const witnessed = await front().ask({ target: '/x?y', headers })
      const { arrived } = witnessed
      expect([header, arrived.map(({ url }) => url)]).toEqual([header, ['/x?y']])
      expect(unasked(name, witnessed)).toEqual([])
      for (const other of ['X-Original-URL', 'X-Rewrite-URL']) {
        expect(arrived.flatMap((one) => one.headers.all(other))).toEqual([])
      }
    }
  })
})
