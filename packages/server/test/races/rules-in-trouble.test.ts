/* Rules that hold while processes die, connections break and clocks are wrong, each by its name. */
import { describe, expect, test } from 'vitest'
import {
  asNumber,
  type Curfew,
  claimsOf,
  eventually,
  freshUid,
  newSecret,
  startCurfew,
  withCurfew,
} from '#test/harness/index.ts'
import { production } from './rig/pair.ts'
import { useGates } from './rig/use-gates.ts'
import { usePair } from './rig/use-pair.ts'

const hourSeconds = 3600

describe('a wire that breaks around a commit', () => {
  const pair = usePair()
  /** The end of the name of the statement that rotates. */
  const rotation = 'rotation_access'

  test('rule 4 every mint is a swap: what never reached the store was handed to nobody', async () => {
    const { witness, a, b } = pair
    const held = await witness.signIn(b, freshUid('mint'), 'app')
    const caught = a.wire.catchRequest(rotation)
    const refreshed = witness.refresh(a, held)
    const request = await caught
    request.drop()
    expect((await refreshed).act).toMatchObject({ status: 503, successor: undefined })
    const { act } = await witness.refresh(b, held)
    expect(act.status).toBe(200)
    await pair.settle()
  })

  test('rule 4 every mint is a swap: what was committed and not heard of is handed out elsewhere, and nothing beside it', async () => {
    const { witness, a, b } = pair
    const held = await witness.signIn(b, freshUid('mint'), 'app')
    const caught = a.wire.catchAnswer(rotation)
    const refreshed = witness.refresh(a, held)
    const answer = await caught
    const { act: elsewhere } = await witness.refresh(b, held)
    answer.drop()
    const { act: here } = await refreshed
    expect(elsewhere.status).toBe(200)
    expect([undefined, elsewhere.successor]).toContainEqual(here.successor)
    const { act: again } = await witness.refresh(a, held)
    expect(again.successor).toEqual(elsewhere.successor)
    await pair.settle()
  })
})

describe('a row that was read before its session ended', () => {
  const gates = useGates({ replicas: 2 })

  test('rule 5 snapshot as of: what arrives after the end lets nobody in and is not remembered', async () => {
    const [a, b] = [gates.at(0), gates.at(1)]
    const person = await gates.signIn('read-late', a)
    const before = await b.metric('curfew_denylist_entries')
    const caught = b.wire.catchAnswer('curfew_read')
    const asked = b.ask(person)
    const answer = await caught
    expect((await a.curfew.api.logout(person.cookie)).status).toBe(200)
    const told = async () =>
      (await b.metric('curfew_denylist_entries')) > before ? true : undefined
    await eventually(told, { what: 'that b knows of the end' })
    answer.pass()
    expect((await asked).status).toBe(401)
    expect((await b.ask(person)).status).toBe(401)
  })
})

describe('a replica whose own clock is an hour ahead', () => {
  const ahead =
    '--import=data:text/javascript,globalThis.trueNow=Date.now;Date.now=()=>trueNow()+3600000'

  test("rule 6 the store's clock: it mints, takes and refreshes as the others do", async () => {
    await withCurfew({ store: 'postgres', env: production }, async (right) => {
      const wrong = await right.twin({ env: { ...production, NODE_OPTIONS: ahead } })
      for (const [here, there] of [
        [right, wrong],
        [wrong, right],
      ] as const) {
        const login = await here.api.start({ uid: freshUid('clock'), device: 'web' })
        const iat = asNumber(claimsOf(login.accessToken)['iat'], 'iat')
        expect(Math.abs(iat - (await secondsOfStore(right)))).toBeLessThan(hourSeconds / 2)
        expect(await there.api.works(login.accessToken)).toBe(true)
        expect(await there.api.works(login.sessionToken)).toBe(true)
        const next = await there.api.refreshed(login)
        expect(await here.api.works(next.accessToken)).toBe(true)
        expect((await here.api.logout(next.accessToken)).status).toBe(200)
        expect(await there.api.works(login.sessionToken)).toBe(false)
      }
      // Else its clock was not wrong at all.
      expect(secondsOfLog(wrong) - secondsOfLog(right)).toBeGreaterThan(hourSeconds / 2)
    })
  })

  /** By its own clock, which stamps what it says. */
  function secondsOfLog(curfew: Curfew): number {
    const [, time = ''] = /"time":"([^"]+)"/.exec(curfew.log()) ?? []
    return Date.parse(time) / 1000
  }

  async function secondsOfStore({ stage }: Curfew): Promise<number> {
    const [row] = await stage.execute('select extract(epoch from clock_timestamp())::int as now')
    return asNumber(row?.['now'], 'the time of the store')
  }
})

test('rule 8 expired frees its place: also of a replica that died with it', async () => {
  await withCurfew({ store: 'postgres' }, async (first) => {
    const second = await first.twin()
    const uid = freshUid('heir')
    const old = await first.api.start({ uid, device: 'app' })
    await first.kill()
    const dayMs = 24 * hourSeconds * 1000
    await second.advanceClock(61 * dayMs)
    const next = await second.api.start({ uid, device: 'app' })
    expect(next.sid).not.toBe(old.sid)
    expect(await second.api.session(old.sid)).toMatchObject({ revoked_reason: 'expired' })
    const again = await first.restart()
    expect(await again.api.works(next.sessionToken)).toBe(true)
    expect(await again.api.works(old.sessionToken)).toBe(false)
  })
})

test('rule 14 key ring: replicas that are killed one after the other for a new secret lose nobody', async () => {
  const [old, fresh] = [newSecret(), newSecret()]
  const first = await startCurfew({ store: 'postgres', config: { secrets: [old] } })
  const second = await first.twin()
  const rolled = { config: { secrets: [fresh, old] } }
  try {
    const before = await first.api.start({ uid: freshUid('roll'), device: 'web' })
    await first.kill()
    const newFirst = await first.restart(rolled)
    // Half of the way: one knows the new secret, and signs with the one that the other knows, too.
    const between = await newFirst.api.start({ uid: freshUid('roll'), device: 'web' })
    const renewed = await newFirst.api.refreshed(before)
    for (const login of [between, renewed]) {
      expect(await second.api.works(login.sessionToken)).toBe(true)
      expect(await second.api.works(login.accessToken)).toBe(true)
    }
    const back = await second.api.refreshed(between)
    await second.kill()
    const newSecond = await second.restart(rolled)
    for (const { api } of [newFirst, newSecond]) {
      for (const login of [renewed, back]) {
        expect(await api.works(login.sessionToken)).toBe(true)
        expect((await api.refresh(login.refreshToken)).status).toBe(200)
      }
    }
  } finally {
    await first.close()
  }
})
