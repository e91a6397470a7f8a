import { expect, test } from 'vitest'
import type { SessionId } from '#domain'
import { openWorld } from '#test/authority/rooms.ts'
import { LastSeen } from './last-seen.ts'

const sid = (at: number) => `01890000-0000-7000-8000-${String(at).padStart(12, '0')}` as SessionId

test('scenario K07: what waits to be written is bounded, what is over is counted, and the rest is written', async () => {
  const { rooms } = await openWorld()
  const asked: string[] = []
  const held = Promise.withResolvers<void>()
  let dropped = 0
  const store = {
    ...rooms.store,
    read: async (one: SessionId) => {
      asked.push(one)
      await held.promise
      return undefined
    },
  }
  const lastSeen = new LastSeen({
    rooms: { ...rooms, store },
    waitingMax: 5,
    dropped: () => {
      dropped++
    },
  })
  for (let at = 0; at < 100; at++) lastSeen.note(sid(at))
  expect(lastSeen.waiting).toBe(5)
  expect(dropped).toBeGreaterThan(50)
  held.resolve()
  await lastSeen.close()
  expect(lastSeen.waiting).toBe(0)
  expect(asked.length + dropped).toBe(100)
})

test('one session is noted once, however often it is used meanwhile', async () => {
  const { rooms } = await openWorld()
  const asked: string[] = []
  const held = Promise.withResolvers<void>()
  const store = {
    ...rooms.store,
    read: async (one: SessionId) => {
      asked.push(one)
      await held.promise
      return undefined
    },
  }
  const lastSeen = new LastSeen({ rooms: { ...rooms, store } })
  for (let at = 0; at < 8; at++) lastSeen.note(sid(at))
  for (let round = 0; round < 50; round++) lastSeen.note(sid(99))
  expect(lastSeen.waiting).toBe(1)
  held.resolve()
  await lastSeen.close()
  expect(asked.filter((one) => one === sid(99))).toHaveLength(1)
})
