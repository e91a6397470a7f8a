/* Who may carry out which row when: leases, lanes, back-off, giving up, another try. */
import { expect, test } from 'vitest'
import type { LeasedEffect, Store } from '#authority'
import type { Epoch } from '#domain'
import type { Prepare } from './bench.ts'
import { both, listed, logout, startedByProvider, toA, toProvider } from './effects-suite.ts'
import { dayMs, minuteMs, newSid, started } from './sessions.ts'

const claim = (store: Store, limit = 10, owner = 'one'): Promise<readonly LeasedEffect[]> =>
  store.claimEffects({ ...toA, owner, limit })

const idsOf = (effects: readonly { readonly id: number }[]) => effects.map(({ id }) => id)

export function outboxSuite(prepare: Prepare): void {
  test('a row is leased once, and is gone when it is done', async () => {
    const { store, second } = await prepare(both)
    await started(store)
    const other = await second()
    const [mine, theirs] = await Promise.all([claim(store), claim(other, 10, 'two')])
    expect([...mine, ...theirs]).toHaveLength(1)
    await store.finishEffects(idsOf([...mine, ...theirs]))
    expect(await listed(store)).toEqual([])
  })

  test('scenario S58: two workers share what is due, and none of it is theirs twice', async () => {
    const { store, second } = await prepare(both)
    await Promise.all(Array.from({ length: 40 }, () => started(store)))
    const other = await second()
    const turns = Array.from({ length: 10 }, (_, turn) =>
      turn % 2 === 0 ? claim(store, 5) : claim(other, 5, 'two'),
    )
    const claimed = idsOf((await Promise.all(turns)).flat())
    const rest = idsOf(await claim(store, 100))
    expect(new Set([...claimed, ...rest]).size).toBe(40)
    expect(claimed.length + rest.length).toBe(40)
  })

  test('scenario S58: a worker that dies with a lease is followed by another, and only afterwards', async () => {
    const { store, shift } = await prepare(both)
    await started(store)
    expect(await claim(store)).toMatchObject([{ attempts: 1 }])
    shift(59_000)
    expect(await claim(store, 10, 'two')).toEqual([])
    shift(61_000)
    const [taken] = await claim(store, 10, 'two')
    expect(taken).toMatchObject({ attempts: 2 })
    if (taken === undefined) return
    // The dead one was only slow: it changes nothing of what is another's now.
    await store.postponeEffect(taken, { owner: 'one', delayMs: 0, why: 'late' })
    expect(await store.giveUpEffect(taken, { owner: 'one', why: 'late' })).toBe('taken-over')
    expect(await listed(store)).toMatchObject([{ state: 'waiting', lastError: null }])
  })

  test('of one session and target the later row waits for the earlier one, and no other does', async () => {
    const { store } = await prepare(both)
    const session = await started(store)
    await store.end(logout(session))
    const other = await started(store)
    const [first, second, ...rest] = await claim(store)
    expect(rest).toEqual([])
    expect(first).toMatchObject({ sid: session.origin.sid, event: 'session.started' })
    expect(second).toMatchObject({ sid: other.origin.sid })
    expect(await store.claimEffects({ ...toA, target: 'wh_ends', limit: 10 })).toHaveLength(1)
    await store.finishEffects(idsOf([first as LeasedEffect]))
    expect(await claim(store)).toMatchObject([{ event: 'session.ended' }])
  })

  test('a row that failed holds its lane until it is due again', async () => {
    const { store, shift } = await prepare(both)
    const session = await started(store)
    await store.end(logout(session))
    const [first] = await claim(store)
    if (first === undefined) throw new Error('nothing was due')
    await store.postponeEffect(first, { owner: 'one', delayMs: minuteMs, why: 'status 500' })
    expect(await claim(store)).toEqual([])
    expect((await listed(store))[0]).toMatchObject({ state: 'failed', lastError: 'status 500' })
    shift(minuteMs + 1000)
    expect(await claim(store)).toMatchObject([
      { id: first.id, attempts: 2, openMs: expect.any(Number) },
    ])
  })

  test('a row that was given up holds up none, waits for an operator, and is tried again from the beginning', async () => {
    const { store } = await prepare(both)
    const session = await started(store)
    await store.end(logout(session))
    const [first] = await claim(store)
    if (first === undefined) throw new Error('nothing was due')
    expect(await store.giveUpEffect(first, { owner: 'one', why: 'x'.repeat(5000) })).toBe(
      'given-up',
    )
    const [next] = await claim(store)
    expect(next).toMatchObject({ event: 'session.ended' })
    const given = (await store.effects({ state: 'given-up', limit: 10 })).effects
    expect(given).toMatchObject([{ id: first.id, lastError: 'x'.repeat(200) }])
    expect(await store.retryEffects({ by: 'id', ids: [first.id, 999_999_999] })).toBe(1)
    expect(await claim(store)).toMatchObject([{ id: first.id, attempts: 1 }])
  })

  test('another try leaves alone what is under way', async () => {
    const { store } = await prepare(both)
    await started(store)
    await started(store)
    const [first] = await claim(store, 1)
    expect(await store.retryEffects({ by: 'target', target: 'wh_a' })).toBe(1)
    expect(await store.retryEffects({ by: 'all' })).toBe(1)
    expect(await store.retryEffects({ by: 'target', target: 'nobody' })).toBe(0)
    expect(idsOf(await claim(store))).not.toContain(first?.id)
  })

  test('what is too old is given up once, but not while it is under way', async () => {
    const { store, shift, second } = await prepare(both)
    await started(store)
    await started(store)
    const [held] = await claim(store, 1)
    shift(30_000)
    expect(await store.giveUpOverdue(20_000, 100)).toHaveLength(1)
    shift(2 * minuteMs)
    const other = await second()
    const both2 = [store.giveUpOverdue(20_000, 100), other.giveUpOverdue(20_000, 100)]
    expect(idsOf((await Promise.all(both2)).flat())).toEqual([held?.id])
    expect(await store.effects({ state: 'given-up', limit: 10 })).toMatchObject({
      effects: [{ lastError: expect.stringContaining('target') }, {}],
    })
  })

  test('who stops gives back what it holds, as if it had not been tried', async () => {
    const { store } = await prepare(both)
    await started(store)
    expect(await claim(store)).toHaveLength(1)
    await store.releaseEffects('two')
    expect(await claim(store, 10, 'two')).toEqual([])
    await store.releaseEffects('one')
    expect(await claim(store, 10, 'two')).toMatchObject([{ attempts: 1 }])
  })

  test('an effect beside the end’s own carries what it needs, though no session has that id', async () => {
    const { store } = await prepare()
    let hints = 0
    store.onEffects(() => hints++)
    const effect = { kind: 'provider_revocation', target: 'main', payload: '{"a":1}' } as const
    await store.addEffect({ ...effect, sid: newSid() })
    expect(hints).toBe(1)
    const [leased] = await store.claimEffects({ ...toProvider, limit: 1 })
    expect(leased).toMatchObject({ payload: '{"a":1}', event: 'session.ended' })
    expect(leased?.session).toBeUndefined()
  })

  test('an ended session is kept as long as something is to be told of it, and what was given up goes with time', async () => {
    const { store, shift } = await prepare()
    const session = await startedByProvider(store)
    await store.end(logout(session))
    const limits = { feedRetentionMs: dayMs, endedRetentionMs: dayMs, rowsMax: 100 }
    shift(3 * dayMs)
    expect(await store.prune(limits)).toMatchObject({ sessions: 0 })
    await store.giveUpOverdue(dayMs, 10)
    expect(await store.prune(limits)).toMatchObject({ sessions: 0 })
    shift(5 * dayMs)
    await store.prune(limits)
    expect(await listed(store)).toEqual([])
    expect(await store.read(session.origin.sid)).toBeUndefined()
  })

  test('the outbox is counted by kind, with the age of the oldest that waits', async () => {
    const { store, shift } = await prepare(both)
    const session = await startedByProvider(store)
    shift(minuteMs)
    await store.end(logout(session))
    const [first] = await claim(store)
    const counted = (await store.countEffects()).toSorted((a, b) => (a.kind < b.kind ? -1 : 1))
    expect(counted).toMatchObject([
      { kind: 'provider_revocation', waiting: 1, givenUp: 0 },
      { kind: 'webhook', waiting: 3, givenUp: 0 },
    ])
    expect(counted[1]?.oldestMs).toBeGreaterThanOrEqual(minuteMs)
    expect(counted[0]?.oldestMs).toBeLessThan(minuteMs)
    if (first !== undefined) await store.giveUpEffect(first, { owner: 'one', why: 'gone' })
    const later = (await store.countEffects()).find(({ kind }) => kind === 'webhook')
    expect(later).toMatchObject({ waiting: 2, givenUp: 1 })
  })

  test('a cursor has one owner at a time, and moves for nobody else', async () => {
    const { store, shift } = await prepare()
    const as = (owner: string) => ({ owner, leaseMs: minuteMs })
    const epoch = 'e1' as Epoch
    expect(await store.leaseCursor('c', as('one'))).toEqual({ epoch: null, seq: 0 })
    expect(await store.leaseCursor('c', as('two'))).toBeUndefined()
    await store.moveCursor('c', { owner: 'one', epoch, seq: 7 })
    await store.moveCursor('c', { owner: 'two', epoch, seq: 9 })
    expect(await store.leaseCursor('c', as('one'))).toEqual({ epoch, seq: 7 })
    shift(2 * minuteMs)
    expect(await store.leaseCursor('c', as('two'))).toEqual({ epoch, seq: 7 })
  })
}
