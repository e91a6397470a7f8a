import { describe, expect, test, vi } from 'vitest'
import type { SessionId } from '#domain'
import { openWorld, started } from '#test/authority/rooms.ts'
import { LastSeen } from './last-seen.ts'
import { StoreUnavailable } from './ports.ts'

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

  test('what waits has a limit, and what is dropped is counted', async () => {
    const world = await openWorld()
    const { sid } = await started(world, { device: 'web' })
    const dropped = vi.fn()
    const never = new Promise<never>(() => undefined)
    const store = { ...world.rooms.store, read: () => never, swap: () => never }
    const lastSeen = new LastSeen({
      ...{ rooms: { ...world.rooms, store }, waitingMax: 1, dropped },
    })
    for (let n = 0; n < 12; n++) lastSeen.note(`${sid}-${n}` as SessionId)
    expect(dropped).toHaveBeenCalled()
    expect(lastSeen.waiting).toBeLessThanOrEqual(1)
  })
})
