/* Links for the console, used up by a start (rule 1), and who did what. */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Store } from '#authority'
import { instant, type Uid } from '#domain'
import type { Prepare } from './bench.ts'
import { newUid, request } from './sessions.ts'

const everything = { actor: null, action: null, target: null, before: null, limit: 50 }

async function linked(store: Store, lifetimeMs = 60_000) {
  const uid = newUid()
  const hash = randomBytes(32).toString('base64url')
  const expiresAt = await store.addAdminLink({ hash, uid, lifetimeMs })
  return { uid, hash, expiresAt }
}

async function use(store: Store, { hash, uid }: { hash: string; uid: Uid }, fence: number) {
  const asked = await request(store, { uid, fence })
  const voucher = { kind: 'link', hash } as const
  return { result: await store.start({ ...asked, voucher }), sid: asked.candidate.origin.sid }
}

export function adminSuite(prepare: Prepare): void {
  test('a link is found by any of its hashes until it runs out', async () => {
    const { store } = await prepare()
    const before = await store.fence()
    const { uid, hash, expiresAt } = await linked(store)
    expect(expiresAt).toBeGreaterThan(instant(0))
    expect(await store.adminLink(['another', hash])).toEqual({ hash, uid, fence: before })
    expect(await store.adminLink(['another'])).toBeUndefined()
    const over = await linked(store, 0)
    expect(await store.adminLink([over.hash])).toBeUndefined()
    expect((await use(store, over, before)).result).toEqual({ kind: 'voucher-refused', sid: null })
  })

  test('of many starts by one link one commits, and each of both acts has its row', async () => {
    const { store } = await prepare()
    const link = await linked(store)
    const fence = await store.fence()
    const all = await Promise.all(Array.from({ length: 6 }, () => use(store, link, fence)))
    const won = all.filter(({ result }) => result.kind === 'started')
    expect(won).toHaveLength(1)
    expect(await store.adminLink([link.hash])).toBeUndefined()
    const { rows } = await store.audit({ ...everything, target: link.uid })
    expect(rows.map(({ actor, action, detail }) => ({ actor, action, detail }))).toEqual([
      { actor: link.uid, action: 'admin_link_used', detail: { sid: won[0]?.sid } },
      { actor: 'shell', action: 'admin_link_made', detail: {} },
    ])
    expect(await store.countLive(link.uid)).toBe(1)
  })

  test('a link of somebody else starts nothing', async () => {
    const { store } = await prepare()
    const { hash } = await linked(store)
    const { result } = await use(store, { hash, uid: newUid() }, await store.fence())
    expect(result.kind).toBe('voucher-refused')
  })

  test('rule 1 fence: a link from before a sign-out everywhere starts nothing, and has no row of use', async () => {
    const { store } = await prepare()
    const link = await linked(store)
    const found = await store.adminLink([link.hash])
    const order = { uid: link.uid, by: null, except: null, requireLive: null, disable: false }
    await store.endUser({ ...order, reason: 'why' as never })
    const { result } = await use(store, link, found?.fence ?? -1)
    expect(result.kind).toBe('fence-moved')
    const { rows } = await store.audit({ ...everything, target: link.uid })
    expect(rows.map(({ action }) => action)).toEqual(['admin_link_made'])
    expect(await store.countLive(link.uid)).toBe(0)
  })

  test('who did what comes newest first, in pages, and by each of its columns', async () => {
    const { store } = await prepare()
    const [actor, target] = [newUid(), newUid()]
    const detail = { reason: 'why', '"': ['ü', null] }
    await store.addAudit({ actor, action: 'user_revoked', target, detail })
    await store.addAudit({ actor, action: 'keys_rotated', target: null, detail: {} })
    await store.addAudit({ actor, action: 'user_enabled', target, detail: {} })
    const all = await store.audit({ ...everything, actor })
    expect(all.rows.map(({ action }) => action)).toEqual([
      'user_enabled',
      'keys_rotated',
      'user_revoked',
    ])
    expect(all.rows[2]).toMatchObject({ actor, target, detail })
    expect(all.rows[1]?.target).toBeNull()
    const first = await store.audit({ ...everything, actor, limit: 2 })
    expect([first.rows.length, first.more]).toEqual([2, true])
    const before = first.rows[1]?.id ?? 0
    const second = await store.audit({ ...everything, actor, limit: 2, before })
    expect([second.rows.map(({ action }) => action), second.more]).toEqual([
      ['user_revoked'],
      false,
    ])
    const some = { ...everything, target, action: 'user_enabled' } as const
    expect((await store.audit(some)).rows).toHaveLength(1)
  })

  test('what is older than it is kept for goes, and links that ran out', async () => {
    const { store } = await prepare()
    const target = newUid()
    await store.addAudit({ actor: 'shell', action: 'user_enabled', target, detail: {} })
    const limits = { feedRetentionMs: 1e9, endedRetentionMs: 1e9, rowsMax: 100 }
    await store.prune({ ...limits, auditRetentionMs: 1e9 })
    expect((await store.audit({ ...everything, target })).rows).toHaveLength(1)
    await store.prune({ ...limits, auditRetentionMs: -1000 })
    expect((await store.audit({ ...everything, target })).rows).toEqual([])
  })
}
