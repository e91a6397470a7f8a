import { expect, test } from 'vitest'
import { type Delivery, StoreUnavailable } from '#authority'
import { listed, logout } from '#test/contract/effects-suite.ts'
import { minuteMs, started } from '#test/contract/sessions.ts'
import { done, failed, hookA, hookEnds, openOutbox, receiver } from '#test/effects/bench.ts'

test('of one session a target hears in order, each effect once', async () => {
  const { store, courier, told } = await openOutbox()
  const session = await started(store)
  await store.end(logout(session))
  const { got, deliver } = receiver(() => done)
  courier(hookA, deliver).wake()
  await expect.poll(() => listed(store)).toMatchObject([{ target: 'wh_ends' }])
  expect(got.map(({ event }) => event)).toEqual(['session.started', 'session.ended'])
  expect(told).toEqual(['delivered session.started', 'delivered session.ended'])
})

test('what failed is tried again after its back-off, and what follows it waits', async () => {
  const { store, courier, advance, told } = await openOutbox()
  const session = await started(store)
  await store.end(logout(session))
  const answers: Delivery[] = [failed('status 500'), done, done]
  const { got, deliver } = receiver(() => answers.shift() ?? done)
  const one = courier(hookA, deliver)
  one.wake()
  await expect.poll(() => told).toEqual(['failed status 500'])
  await expect.poll(async () => (await listed(store))[0]).toMatchObject({ state: 'failed' })
  one.wake()
  expect(got).toHaveLength(1)
  advance(1000)
  one.wake()
  await expect
    .poll(() => got.map(({ event }) => event))
    .toEqual(['session.started', 'session.started', 'session.ended'])
  expect(got.map(({ attempts }) => attempts)).toEqual([1, 2, 1])
})

test('scenario S43: a dead target rests, and holds up no other', async () => {
  const { store, courier, advance } = await openOutbox()
  for (let n = 0; n < 30; n++) await store.end(logout(await started(store)))
  const dead = receiver(() => failed('no answer'))
  const alive = receiver(() => done)
  const [down, up] = [courier(hookA, dead.deliver), courier(hookEnds, alive.deliver)]
  down.wake()
  up.wake()
  await expect.poll(() => alive.got.length).toBe(30)
  await expect.poll(() => dead.got.length).toBe(16)
  const probed = dead.got.length
  down.wake()
  advance(60_000)
  down.wake()
  await expect.poll(() => dead.got.length).toBe(probed + 1)
})

test('places are bounded, and a place that falls free is taken', async () => {
  const { store, courier } = await openOutbox()
  for (let n = 0; n < 20; n++) await started(store)
  const gates: PromiseWithResolvers<Delivery>[] = []
  const { got, deliver } = receiver(() => {
    const gate = Promise.withResolvers<Delivery>()
    gates.push(gate)
    return gate.promise
  })
  courier(hookA, deliver).wake()
  await expect.poll(() => got.length).toBe(16)
  gates[0]?.resolve(done)
  await expect.poll(() => got.length).toBe(17)
  for (const gate of gates) gate.resolve(done)
  await expect.poll(() => got.length).toBe(20)
  for (const gate of gates) gate.resolve(done)
  await expect.poll(() => listed(store)).toEqual([])
})

test('what is too old, or refused for good, is given up, and the next of its lane follows', async () => {
  const { store, courier, advance, told } = await openOutbox()
  const session = await started(store)
  await store.end(logout(session))
  const answers: Delivery[] = [failed('status 503'), { kind: 'refused', why: 'status 410' }]
  const { deliver } = receiver(() => answers.shift() ?? done)
  advance(2 * minuteMs)
  courier(hookA, deliver, { giveUpAfterMs: minuteMs }).wake()
  await expect
    .poll(() => told)
    .toEqual([
      'failed status 503',
      'gave up session.started: status 503',
      'gave up session.ended: status 410',
    ])
})

test('an attempt that throws is a failure, and says nothing of what was thrown', async () => {
  const { store, courier, told } = await openOutbox()
  await started(store)
  courier(hookA, async () => {
    throw new RangeError('secret')
  }).wake()
  await expect.poll(() => told).toContain('failed RangeError')
  // It is told before it is written down.
  await expect.poll(async () => (await listed(store))[0]?.lastError).toBe('RangeError')
})

test('scenario S58: of two workers one carries it out', async () => {
  const { store, courier } = await openOutbox()
  for (let n = 0; n < 10; n++) await started(store)
  const { got, deliver } = receiver(() => done)
  const [one, two] = [courier(hookA, deliver), courier(hookA, deliver)]
  one.wake()
  two.wake()
  await expect.poll(() => listed(store)).toEqual([])
  expect(got).toHaveLength(10)
})

test('who stops lets finish what is under way, claims no more, and gives up waiting in time', async () => {
  const { store, courier } = await openOutbox()
  await started(store)
  const gate = Promise.withResolvers<Delivery>()
  const { got, deliver } = receiver(() => gate.promise)
  const one = courier(hookA, deliver)
  one.wake()
  await expect.poll(() => got.length).toBe(1)
  const drain = new AbortController()
  const stopping = one.stop(drain.signal)
  await started(store)
  one.wake()
  gate.resolve(done)
  await stopping
  expect(got).toHaveLength(1)
  expect(await listed(store)).toHaveLength(1)
})

test('what hangs when the time is over stays leased, and is not counted as failed', async () => {
  const { store, courier, told } = await openOutbox()
  await started(store)
  const { got, deliver } = receiver(() => new Promise<Delivery>(() => undefined))
  const one = courier(hookA, deliver, { owner: 'mine' })
  one.wake()
  await expect.poll(() => got.length).toBe(1)
  await one.stop(AbortSignal.abort())
  expect(told).toEqual([])
  expect(await listed(store)).toMatchObject([{ state: 'waiting', attempts: 1 }])
})

test('what was delivered while the store was away is not delivered again', async () => {
  const { store, courier, told } = await openOutbox()
  await started(store)
  const { got, deliver } = receiver(() => done)
  let away = true
  const finishEffects = async (ids: readonly number[]) => {
    if (away) throw new StoreUnavailable(new Error('away'))
    return store.finishEffects(ids)
  }
  const one = courier(hookA, deliver, { store: { ...store, finishEffects } })
  one.wake()
  await expect.poll(() => told.filter((line) => line.startsWith('disturbed'))).not.toEqual([])
  away = false
  one.wake()
  await expect.poll(() => listed(store)).toEqual([])
  expect(got).toHaveLength(1)
})
