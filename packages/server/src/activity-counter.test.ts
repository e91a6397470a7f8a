import { expect, test } from 'vitest'
import { type ActivityCount, StoreUnavailable } from '#authority'
import { ActivityCounter } from './activity-counter.ts'

function counting() {
  const written: (readonly ActivityCount[])[] = []
  const down = { now: false }
  const counter = new ActivityCounter()
  const addActivity = async (counts: readonly ActivityCount[]) => {
    if (down.now) throw new StoreUnavailable(new Error('down'))
    written.push(counts)
  }
  return { counter, written, down, store: { addActivity } }
}

test('what happened is added up, and written once, also what came before the store did', async () => {
  const { counter, written, store } = counting()
  counter.note('started')
  await counter.flush()
  counter.start(store)
  counter.note('ended', 'user_logout')
  counter.note('ended', 'user_logout')
  await counter.flush()
  await counter.stop()
  expect(written).toEqual([
    [
      { kind: 'started', detail: '', count: 1 },
      { kind: 'ended', detail: 'user_logout', count: 2 },
    ],
  ])
})

test('stopping writes what is left', async () => {
  const { counter, written, store } = counting()
  counter.start(store)
  counter.note('refreshed')
  await counter.stop()
  expect(written).toEqual([[{ kind: 'refreshed', detail: '', count: 1 }]])
})

test('a store that is away costs the counts of that while, which are counted themselves', async () => {
  const { counter, written, down, store } = counting()
  counter.start(store)
  down.now = true
  for (let n = 0; n < 5; n++) counter.note('refreshed')
  await counter.flush()
  down.now = false
  counter.note('refreshed')
  await counter.stop()
  expect(counter.dropped).toBe(5)
  expect(written).toEqual([[{ kind: 'refreshed', detail: '', count: 1 }]])
})

test('reasons beyond all measure are counted as other, also over many writes', async () => {
  const { counter, written, store } = counting()
  counter.start(store)
  for (let n = 0; n < 1000; n++) {
    counter.note('ended', `reason_${n}`)
    if (n % 10 === 9) await counter.flush()
  }
  counter.note('ended', 'user_logout')
  await counter.stop()
  const counts = written.flat()
  expect(new Set(counts.map(({ detail }) => detail)).size).toBe(22)
  const others = counts.filter(({ detail }) => detail === 'other')
  expect(others.reduce((sum, { count }) => sum + count, 0)).toBe(980)
  expect(counts.at(-1)).toEqual({ kind: 'ended', detail: 'user_logout', count: 1 })
})
