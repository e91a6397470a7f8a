import { expect, onTestFinished, test } from 'vitest'
import type { FeedEntry } from '#authority'
import type { Epoch, EpochSeconds } from '#domain'
import { FakeWorld, nowMs, sidOf } from '../testing.ts'
import { SessionWatch } from './session-watch.ts'

const cursor = { epoch: 'abcd' as Epoch, seq: 1 }

function watching() {
  const world = new FakeWorld()
  const { admin, clock, log } = world.deps()
  const watch = new SessionWatch({ admin, clock, log, tickMs: 1 })
  const end = (...numbers: readonly number[]) => {
    const entries = numbers.map((n): FeedEntry => {
      world.end(n)
      return { seq: n, sid: sidOf(n), jti: null, exp: 0 as EpochSeconds, at: nowMs }
    })
    for (const listener of world.console.listeners) listener({ kind: 'entries', entries, cursor })
  }
  const follow = async () => {
    const controller = new AbortController()
    onTestFinished(() => controller.abort())
    const queue = await watch.follow(controller.signal)
    const next = async () => {
      const { value } = await queue.next()
      if (value?.kind !== 'session') return value?.kind
      return `${Number(value.session.origin.sid.slice(-12))} ${value.session.kind}`
    }
    return { next, stop: () => controller.abort() }
  }
  return { world, end, follow }
}

test('what starts and ends after somebody began to listen is told, to each of them', async () => {
  const { world, end, follow } = watching()
  world.add(1, 'alice')
  const [one, two] = [await follow(), await follow()]
  world.add(2, 'bob')
  expect([await one.next(), await two.next()]).toEqual(['2 live', '2 live'])
  end(1)
  expect([await one.next(), await two.next()]).toEqual(['1 ended', '1 ended'])
})

test('a start that commits late, behind others, is told once as well', async () => {
  const { world, follow } = watching()
  const { next } = await follow()
  world.add(7, 'alice')
  expect(await next()).toBe('7 live')
  world.add(3, 'alice')
  expect(await next()).toBe('3 live')
  world.add(8, 'alice')
  expect(await next()).toBe('8 live')
})

test('a store that is away loses nothing of what it does not tell', async () => {
  const { world, end, follow } = watching()
  world.add(1, 'alice')
  const { next } = await follow()
  world.storeIsDown = true
  world.add(2, 'alice')
  end(1)
  await expect.poll(() => world.logged.length).toBeGreaterThan(2)
  world.storeIsDown = false
  expect([await next(), await next()]).toEqual(['1 ended', '2 live'])
})

test('too much at a time, or a feed that begins anew, is told as a reset', async () => {
  const { world, follow } = watching()
  const { next } = await follow()
  for (const listener of world.console.listeners) listener({ kind: 'reset' })
  expect(await next()).toBe('missed')
  for (let n = 1; n <= 600; n++) world.add(n, 'alice')
  expect(await next()).toBe('missed')
  expect(await next()).toBe('101 live')
})

test('while nobody listens nothing is read, and what happened then is not told', async () => {
  const { world, follow } = watching()
  const one = await follow()
  one.stop()
  expect(await one.next()).toBeUndefined()
  expect(world.console.listeners.size).toBe(0)
  world.add(1, 'alice')
  const reads = world.calls.length
  const two = await follow()
  world.add(2, 'alice')
  expect(await two.next()).toBe('2 live')
  expect(world.calls.slice(reads)[0]).toBe('startedAfter')
})

test('a slow reader is told that it has missed some, and then only what follows', async () => {
  const { world, end, follow } = watching()
  const slow = await follow()
  const quick = await follow()
  for (let n = 1; n <= 1100; n++) {
    world.add(n, 'alice')
    if (n % 100 === 0) for (let told = 0; told < 100; told++) await quick.next()
  }
  expect(await slow.next()).toBe('missed')
  end(1)
  expect(await quick.next()).toBe('1 ended')
})
