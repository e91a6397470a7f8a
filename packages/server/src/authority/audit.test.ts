import { expect, test } from 'vitest'
import { reason, type Uid } from '#domain'
import { openWorld, started, type World } from '#test/authority/rooms.ts'
import { type AuditStore, createAuthority, StoreUnavailable } from './index.ts'

const admin = 'root' as Uid
const everything = { actor: null, action: null, target: null, before: null, limit: 50 }

/** The store is there, and takes no row of the audit. */
function withoutAudit({ rooms, store }: World) {
  const audit: AuditStore = {
    addAudit: () => Promise.reject(new StoreUnavailable(new Error('no room'))),
    audit: (query) => store.audit(query),
  }
  return createAuthority(rooms, audit)
}

test('an act whose row cannot be written is not done', async () => {
  const world = await openWorld()
  const { sid, session } = await started(world, { device: 'web', roles: ['pilot'] })
  const { uid } = session.origin
  const authority = withoutAudit(world)
  const why = { reason: reason('adminRevoke'), by: admin }
  const fence = await authority.fence()
  const acts = [
    () => authority.revokeSession({ sid, ...why }),
    () => authority.revokeUser({ uid, ...why, except: null, disable: false }),
    () => authority.revokeUser({ uid, ...why, except: null, disable: true }),
    () => authority.regrantSession(sid, { roles: [], claims: undefined, by: admin }),
    () => authority.regrantUser(uid, { roles: [], claims: undefined, by: admin }),
  ]
  for (const act of acts) await expect(act()).rejects.toBeInstanceOf(StoreUnavailable)
  const still = await authority.show(sid)
  expect(still).toMatchObject({ kind: 'live', grants: { roles: ['pilot'] } })
  expect(await authority.user(uid)).toMatchObject({ disabledAt: null })
  expect(await authority.fence()).toBe(fence)
  await world.authority.revokeUser({ uid, ...why, except: null, disable: true })
  await expect(authority.enableUser(uid, admin)).rejects.toBeInstanceOf(StoreUnavailable)
  expect((await authority.user(uid)).disabledAt).not.toBeNull()
})

test('what has ended cannot change, and leaves no row that says it did', async () => {
  const world = await openWorld()
  const { sid, session } = await started(world, { device: 'web' })
  await world.authority.logoutOne(sid, session.origin.uid)
  const order = { roles: ['chef'], claims: undefined, by: admin }
  expect(await world.authority.regrantSession(sid, order)).toMatchObject({ kind: 'ended' })
  expect((await world.store.audit({ ...everything, target: sid })).rows).toEqual([])
})
