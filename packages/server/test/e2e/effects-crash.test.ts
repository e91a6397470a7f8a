/* Processes that die between the end of a session and what follows it: kill -9 on real servers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { endsOf, startReceiver, webhookOf } from '#test/effects/receiver.ts'
import {
  clients,
  freshUid,
  shiftClock,
  startCurfew,
  stores,
  withCurfew,
} from '#test/harness/index.ts'

const soon = { timeout: 20_000 }
const testMsMax = 180_000
/** Longer than a lease. */
const leaseMs = 31_000

describe.each(stores)('after kill -9 on %s', (store) => {
  test(
    'scenario S48: an end whose process died before anybody heard of it is told after the restart, under one id',
    async () => {
      const receiver = await startReceiver()
      receiver.manners = 'hang'
      const webhooks = [webhookOf(receiver, ['session.ended'])]
      await withCurfew({ store, config: { webhooks } }, async (curfew) => {
        const { api } = curfew
        const logins = await Promise.all(
          Array.from({ length: 20 }, () => api.start({ uid: freshUid(), device: 'web' })),
        )
        await Promise.all(logins.map(({ accessToken }) => api.logout(accessToken)))
        await expect.poll(() => receiver.got.length, soon).toBeGreaterThan(0)
        await curfew.kill()
        expect(receiver.taken).toEqual([])
        receiver.manners = 200
        const next = await curfew.restart()
        for (const { accessToken } of logins) expect(await next.api.works(accessToken)).toBe(false)
        await next.advanceClock(leaseMs)
        for (const { sid } of logins) {
          await expect.poll(() => endsOf(receiver.taken, sid), soon).toEqual([`msg_${sid}_ended`])
        }
        expect(receiver.taken).toHaveLength(20)
        await next.stop()
      })
    },
    testMsMax,
  )

  test(
    'scenario S57: a process that dies while it signs a user out everywhere has ended all or nothing, and all that ended is told',
    async () => {
      const receiver = await startReceiver()
      const webhooks = [webhookOf(receiver, ['session.ended'])]
      await withCurfew({ store, config: { webhooks } }, async (first) => {
        let curfew = first
        for (const afterMs of [0, 4, 15]) {
          const uid = freshUid()
          const logins = await Promise.all(
            Array.from({ length: 5 }, () => curfew.api.start({ uid, device: 'web' })),
          )
          const revoking = curfew.api
            .post(`/users/${uid}/revoke`, {
              as: clients.operator,
              json: { reason: 'new_password' },
            })
            .then(({ status }) => status)
            .catch(() => undefined)
          await sleep(afterMs)
          await curfew.kill()
          const status = await revoking
          curfew = await curfew.restart()
          const { api } = curfew
          const living = await Promise.all(logins.map(({ accessToken }) => api.works(accessToken)))
          expect(new Set(living).size).toBe(1)
          if (status === 200) expect(living[0]).toBe(false)
          const again = await api.post(`/users/${uid}/revoke`, { as: clients.operator, json: {} })
          expect(again.body).toEqual({ revoked: living[0] ? 5 : 0 })
          // What the dead process had leased is anybody's now.
          shiftClock(curfew.stage, leaseMs)
          for (const { sid } of logins) {
            await expect.poll(() => endsOf(receiver.taken, sid), soon).toEqual([`msg_${sid}_ended`])
          }
          expect(receiver.forged).toEqual([])
        }
        await curfew.stop()
      })
    },
    testMsMax,
  )
})

describe('two workers on postgres', () => {
  test(
    'scenario S58: they share the ends of one another, and what one held when it died the other carries out',
    async () => {
      const receiver = await startReceiver()
      const webhooks = [webhookOf(receiver, ['session.ended'])]
      const one = await startCurfew({ store: 'postgres', config: { webhooks } })
      try {
        const two = await one.twin()
        const started = () =>
          Promise.all(
            Array.from({ length: 30 }, () => one.api.start({ uid: freshUid(), device: 'web' })),
          )
        const logins = await started()
        await Promise.all(
          logins.map(({ accessToken }, n) => (n % 2 === 0 ? one : two).api.logout(accessToken)),
        )
        await expect.poll(() => receiver.taken.length, soon).toBe(30)
        receiver.manners = 'hang'
        const more = await started()
        await Promise.all(more.map(({ accessToken }) => one.api.logout(accessToken)))
        await expect.poll(() => receiver.got.length, soon).toBeGreaterThan(30)
        await one.kill()
        receiver.manners = 200
        await two.advanceClock(leaseMs)
        for (const { sid } of more) {
          await expect.poll(() => endsOf(receiver.taken, sid), soon).toEqual([`msg_${sid}_ended`])
        }
        // Nobody heard of an end twice that was taken once.
        expect(receiver.taken).toHaveLength(60)
        expect(receiver.forged).toEqual([])
      } finally {
        await one.close()
      }
    },
    testMsMax,
  )
})
