import { beforeAll, describe, expect, test } from 'vitest'
import { readings, unasked } from './authorised.ts'
import { crookedHosts, crookedTargets, unreadableTargets } from './corpus.ts'
import { useFronts, type Witnessed } from './front.ts'
import { app, useHouse } from './house.ts'
import { type Person, signedIn } from './person.ts'

const house = useHouse()
const fronts = useFronts(() => house().port)

describe.each(fronts)('$name', ({ name, front }) => {
  let pilot: Person
  beforeAll(async () => {
    pilot = await signedIn(front(), house())
  })

  /** What got through to the application, and what is wrong about that. */
  async function tryAll(targets: readonly string[], headers: readonly string[]) {
    const seen: Witnessed[] = []
    for (const target of targets) seen.push(await front().ask({ target, headers }))
    return {
      urls: seen.flatMap(({ arrived }) => arrived.map(({ url }) => url)),
      unasked: seen.flatMap((one) => unasked(name, one)),
    }
  }

  test('C4: whatever the path, nobody without a session comes beyond what is open', async () => {
    const open = '/public/a/b?x=/../admin'
    const { urls, unasked } = await tryAll([open, ...crookedTargets], [])
    const isOpen = (path: string) => path.startsWith('/public/')
    expect(urls.filter((url) => ![...readings(url)].every(isOpen))).toEqual([])
    expect(unasked).toEqual([])
    expect(urls).toContain(open)
  })

  test('C4: whatever the path, who lacks the role never reaches what asks for it', async () => {
    const own = '/administration?next=/admin/x'
    const { urls, unasked } = await tryAll([own, ...crookedTargets], pilot.cookies(app))
    const isGuarded = (path: string) => path === '/admin' || path.startsWith('/admin/')
    expect(urls.filter((url) => [...readings(url)].some(isGuarded))).toEqual([])
    expect(unasked).toEqual([])
    expect(urls).toContain(own)
  })

  test('C23: a path that cannot be read is refused, with and without a session', async () => {
    for (const headers of [[], pilot.cookies(app)]) {
      for (const target of unreadableTargets) {
        const { answer, arrived } = await front().ask({ target, headers })
        expect.soft([target.slice(0, 40), arrived.length]).toEqual([target.slice(0, 40), 0])
        if (answer !== undefined) expect(answer.status, target.slice(0, 40)).not.toBe(200)
      }
    }
  })

  test('C2: a host in an odd spelling is this host to everybody, or goes nowhere', async () => {
    const others: string[] = []
    for (const host of crookedHosts) {
      const witnessed = await front().ask({ headers: ['Host', host, ...pilot.cookies(app)] })
      expect(unasked(name, witnessed)).toEqual([])
      const meant = /^app\.example\.com\.?(?::[^@/\\#?, ]*)?$/i.test(host)
      if (witnessed.arrived.length > 0 && !meant) others.push(host)
    }
    expect(others).toEqual([])
  })
})
