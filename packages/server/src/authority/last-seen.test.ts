import { describe, expect, test, vi } from 'vitest'
import type { SessionId } from '#domain'
import { openWorld, started } from '#test/authority/rooms.ts'
import { LastSeen } from './last-seen.ts'
import { StoreUnavailable } from './ports.ts'

const sid = (at: number) => `01890000-0000-7000-8000-${String(at).padStart(12, '0')}` as SessionId
const minute = 60_000

describe('the last use of a session', () => {
  test('rule 8 expired frees its place: forward auth counts as use, written once a minute', async () => {
    const world = await openWorld()
    const { sid, session } = await started(world, { device: 'web' })
    const lastSeen = new LastSeen({ rooms: world.rooms })
    world.advance(2 * minute)
    lastSeen.note(sid)
    lastSeen.note(sid)
    await vi.waitFor(async () => {
      const row = await world.authority.show(sid)
      expect(row?.life.idleExpiresAt).toBeGreaterThan(session.life.idleExpiresAt)
      expect(row?.version).toBe(2)
    })
    lastSeen.note(sid)
    await lastSeen.close()
    expect((await world.authority.show(sid))?.version).toBe(2)
  })

  test('rule 8 expired frees its place: of a session that idles out within the minute, twice within its time', async () => {
    const world = await openWorld()
    const { sid } = await started(world, { device: 'brief' })
    const lastSeen = new LastSeen({ rooms: world.rooms })
    for (const [byMs, version] of [
      [9_000, 1],
      [2_000, 2],
      [9_000, 2],
      [2_000, 3],
    ] as const) {
      world.advance(byMs)
      world.cached.clear()
      lastSeen.note(sid)
      await vi.waitFor(() => expect(lastSeen.waiting).toBe(0))
      await vi.waitFor(async () => expect((await world.authority.show(sid))?.version).toBe(version))
    }
    await lastSeen.close()
  })

  test('a use within the minute asks the store nothing', async () => {
    const world = await openWorld()
    const { sid, session } = await started(world, { device: 'web' })
    const read = vi.fn(world.rooms.store.read)
    const swap = vi.fn(world.rooms.store.swap)
    const store = { ...world.rooms.store, read, swap }
    const rooms = {
      ...world.rooms,
      store,
      cache: { ...world.rooms.cache, lastKnown: () => session },
    }
    const lastSeen = new LastSeen({ rooms })
    world.advance(minute / 2)
    lastSeen.note(sid)
    await lastSeen.close()
    expect(read).not.toHaveBeenCalled()
    expect(swap).not.toHaveBeenCalled()
  })

  test('a use that could not be written is not given up', async () => {
    const world = await openWorld()
    const { sid } = await started(world, { device: 'web' })
    let away = 2
    const store = {
      ...world.rooms.store,
      read: async (id: SessionId) => {
        if (away-- > 0) throw new StoreUnavailable(new Error('away'))
        return world.store.read(id)
      },
    }
    const lastSeen = new LastSeen({ rooms: { ...world.rooms, store } })
    world.advance(2 * minute)
    world.cached.clear()
    lastSeen.note(sid)
    await vi.waitFor(async () => expect((await world.authority.show(sid))?.version).toBe(2), {
      timeout: 8000,
      interval: 50,
    })
    expect(lastSeen.waiting).toBe(0)
  })
})

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
