import { expect, test } from 'vitest'
import { Secret, type Uid } from '#domain'
import { openWorld, started } from '#test/authority/rooms.ts'
import { createAdminLinks } from './admin-links.ts'

const root = 'root' as Uid

test('a link that is used ends what the browser had before (rule 27), and once (rule 33)', async () => {
  const world = await openWorld()
  world.userRoles.set(root, ['admin'])
  const codes = {
    fresh: () => new Secret('token'),
    hash: (_kind: string, token: Secret) => token.reveal(),
    hashes: (_kind: string, token: Secret) => [token.reveal()],
  }
  const links = createAdminLinks({ rooms: world.rooms, store: world.store, codes })
  const before = await started(world, { device: 'web' })
  const made = await links.make(root)
  if (made === undefined) throw new Error('root is an administrator')
  const order = { token: made.token, ip: null, userAgent: null, previous: [before.sid] }
  world.userRoles.delete(root)
  expect((await links.redeem(order)).kind).toBe('refused')
  expect((await world.authority.show(before.sid))?.kind).toBe('live')
  world.userRoles.set(root, ['admin'])
  expect((await links.redeem(order)).kind).toBe('started')
  expect(await world.authority.show(before.sid)).toMatchObject({ end: { reason: 'superseded' } })
  expect((await links.redeem(order)).kind).toBe('refused')
})
