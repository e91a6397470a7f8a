import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { PruneLimits } from '#authority'
import { instant } from '#domain'
import { openWorld } from '#test/authority/rooms.ts'
import type { House } from './house.ts'
import { startHousekeeping } from './housekeeping.ts'

test('`audit.retention` reaches the pruning, beside the others', async () => {
  const world = await openWorld()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const asked: PruneLimits[] = []
  const config = {
    audit: { retentionMs: 7_000 },
    revocation: { retentionMs: 5_000 },
    sessions: { keepEndedMs: 6_000 },
    tokens: { refreshTtlMs: 1_000, accessTtlSeconds: 300, algorithm: 'EdDSA' },
  }
  const house = {
    clock: { now: () => instant(0) },
    rooms: world.rooms,
    policy: { config },
    signingKeys: { ensure: async () => undefined, dropExpired: async () => [] },
    store: {
      once: async () => true,
      prune: async (limits: PruneLimits) => {
        asked.push(limits)
        return { feedRows: 0, sessions: 0, more: false }
      },
    },
  } as unknown as House
  const housekeeping = startHousekeeping(house, pino({ enabled: false }))
  vi.advanceTimersByTime(60_000)
  await housekeeping.stop()
  expect(asked).toMatchObject([
    { auditRetentionMs: 7_000, feedRetentionMs: 5_000, endedRetentionMs: 6_000 },
  ])
})
