/*
 * The store goes away in front of signed-in people: forward auth goes on from memory as long as it may,
 * then says 503. Nobody is signed out by it, and nobody who was signed out elsewhere comes back after it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Reply } from '#test/gateway/wire.ts'
import { eventually } from '#test/harness/index.ts'
import { type GateReplica, grantsOf, type Person } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const maxStalenessMs = 1200
const revocation = { pullInterval: '200ms', maxStaleness: `${maxStalenessMs}ms` }

/** Statuses in the order of the answers, each change once. */
async function watched(
  at: GateReplica,
  person: Person,
  until: (replies: readonly Reply[]) => boolean,
): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  const due = performance.now() + 20_000
  while (!until(replies)) {
    if (performance.now() > due) throw new Error(`still ${replies.at(-1)?.status} after 20 s`)
    replies.push(await at.ask(person, { page: replies.length % 2 === 0 }))
    await sleep(10)
  }
  return replies
}

function phases(replies: readonly Reply[]): readonly number[] {
  return replies.map(({ status }) => status).filter((one, index, all) => one !== all[index - 1])
}

const endsWith = (status: number, times: number) => (replies: readonly Reply[]) =>
  replies.length >= times && replies.slice(-times).every((reply) => reply.status === status)

describe('with onStale: reject', () => {
  const gates = useGates({ replicas: 2, config: { revocation }, idp: { timeout: '1s' } })

  afterEach(async () => {
    for (const { wire, curfew } of gates.all) {
      wire.set('open')
      const ready = async () =>
        (await curfew.api.get('/readyz')).status === 200 ? true : undefined
      await eventually(ready, { everyMs: 100, what: 'readiness' })
    }
  })

  test.each(['refused', 'silent'] as const)(
    'a store that is %s: 200 from memory, then 503, and 200 again; never 401, never a sign-in',
    async (mode) => {
      const [a] = gates.all
      if (a === undefined) throw new Error('no replica')
      const person = await gates.signIn(`away-${mode}`, a)
      a.wire.set(mode)
      // A silent store costs each of them a time-out.
      const away = await watched(a, person, endsWith(503, mode === 'silent' ? 2 : 20))
      a.wire.set('open')
      const back = await watched(a, person, endsWith(200, 10))
      expect(phases([...away, ...back])).toEqual([200, 503, 200])
      for (const { status, headers, setCookies } of [...away, ...back]) {
        if (status === 503) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
        expect(setCookies).toEqual([])
      }
    },
  )

  test('scenario X08: signed out elsewhere meanwhile: 503 at the last, then 401, and never 200 again', async () => {
    const [a, b] = [gates.at(0), gates.at(1)]
    const person = await gates.signIn('ended-elsewhere', a)
    a.wire.set('refused')
    expect((await b.curfew.api.logout(person.cookie)).status).toBe(200)
    await watched(a, person, endsWith(503, 5))
    a.wire.set('open')
    const ended = ({ status }: Reply) => status === 401 || status === 302
    const back = await watched(a, person, (replies) => replies.slice(-6).filter(ended).length === 6)
    expect(back.filter(({ status }) => status === 200)).toEqual([])
  })

  test('scenario R16: rule 21 lease: tokens of somebody else end the session also when the store is away at that moment', async () => {
    const [a, b] = [gates.at(0), gates.at(1)]
    gates.provider.accessSeconds = 1
    const person = await gates.signIn('changed', a)
    gates.provider.accessSeconds = 300
    await sleep(1100)
    gates.provider.scripts.set(person.subject, ['hang-after-rotation'])
    gates.provider.idToken = { sub: 'mallory' }
    try {
      const asking = a.ask(person)
      await expect.poll(() => grantsOf(gates.provider, person.subject)).toBe(1)
      await expect.poll(() => gates.provider.issued.at(-1)?.subject).toBe(person.subject)
      a.wire.set('refused')
      gates.provider.release()
      await sleep(300)
      a.wire.set('open')
      await asking
      const ended = async () => {
        const reply = await b.ask(person)
        return reply.status === 401 ? reply : undefined
      }
      const { body } = await eventually(ended, { what: 'the end' })
      expect(JSON.parse(body)).toMatchObject({ revoked_reason: 'idp_refused' })
      expect(grantsOf(gates.provider, person.subject)).toBe(1)
    } finally {
      gates.provider.idToken = {}
      a.wire.set('open')
    }
  })
})

describe('with onStale: accept', () => {
  const accepting = { ...revocation, onStale: 'accept' }
  const gates = useGates({ replicas: 1, config: { revocation: accepting } })

  test('forward auth goes on past maxStaleness, and the log says so', async () => {
    const [a] = gates.all
    if (a === undefined) throw new Error('no replica')
    const person = await gates.signIn('accepted', a)
    a.wire.set('refused')
    const from = performance.now()
    const replies = await watched(a, person, () => performance.now() - from > 2 * maxStalenessMs)
    a.wire.set('open')
    expect(phases(replies)).toEqual([200])
    expect(a.curfew.log()).toContain('onStale is accept')
  })

  test('rule 24 identity deadline: tokens that run out while the store is away serve on, and are refreshed when it is back', async () => {
    const [a] = gates.all
    if (a === undefined) throw new Error('no replica')
    gates.provider.accessSeconds = 1
    const person = await gates.signIn('running-out', a)
    gates.provider.accessSeconds = 300
    a.wire.set('refused')
    await sleep(1500)
    for (let again = 0; again < 5; again++) {
      const { status, setCookies } = await a.ask(person, { page: again % 2 === 0 })
      expect(status).toBe(200)
      expect(setCookies).toEqual([])
    }
    const grants = grantsOf(gates.provider, person.subject)
    a.wire.set('open')
    const refreshed = async () => {
      expect((await a.ask(person)).status).toBe(200)
      return grantsOf(gates.provider, person.subject) > grants ? true : undefined
    }
    await eventually(refreshed, { what: 'the refresh' })
  })
})
