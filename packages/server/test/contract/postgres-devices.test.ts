/* Approvals, redemptions and ends over parallel connections to a real PostgreSQL. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Store } from '#authority'
import { type LiveSession, reason } from '#domain'
import { openStore } from '#stores'
import { freshDatabase } from '#test/services/vitest.ts'
import { approved, redemption } from './devices.ts'
import { newUid, started } from './sessions.ts'

let stores: readonly [Store, Store]

beforeAll(async () => {
  const { url } = await freshDatabase()
  const open = (): Promise<Store> => openStore({ kind: 'postgres', url })
  stores = [await open(), await open()]
})
afterAll(() => Promise.all(stores.map((store) => store.close())))

const rounds = Array.from({ length: 40 }, (_, index) => index)

async function standingOf({ origin }: LiveSession): Promise<string> {
  const read = await stores[0].read(origin.sid)
  return read?.session.kind === 'ended' ? read.session.end.reason : (read?.session.kind ?? 'none')
}

/** One end of the approver, raced against one redemption of its approval. */
async function race(end: (store: Store, parent: LiveSession) => Promise<unknown>) {
  const outcomes = new Set<string>()
  for (const round of rounds) {
    const parent = await started(stores[0], { uid: newUid() })
    const screen = await approved(stores[0], parent)
    const asked = await redemption(stores[1], screen, parent)
    const acts = [() => stores[1].start(asked), () => end(stores[0], parent)]
    if (round % 2 === 0) acts.reverse()
    await Promise.all(acts.map((act) => act()))
    outcomes.add(`${await standingOf(parent)} ${await standingOf(asked.candidate)}`)
  }
  return outcomes
}

test('rule 31 approval: an administrator’s end leaves no child behind, whatever the order', async () => {
  const outcomes = await race((store, { origin: { sid } }) =>
    store.end({ sid, reason: reason('adminRevoke'), by: null, guard: 'live', family: true }),
  )
  expect(outcomes).not.toContain('admin_revoke live')
  for (const outcome of outcomes) {
    expect(['admin_revoke none', 'admin_revoke admin_revoke']).toContain(outcome)
  }
})

test('rule 31 approval: disabling leaves no child behind, whatever the order', async () => {
  const outcomes = await race((store, { origin: { uid } }) =>
    store.endUser({
      ...{ uid, reason: reason('userDisabled'), by: null, except: null },
      ...{ requireLive: null, disable: true },
    }),
  )
  for (const outcome of outcomes) {
    expect(['user_disabled none', 'user_disabled user_disabled']).toContain(outcome)
  }
})

test('families that end at once over two processes end whole, and nobody waits for ever', async () => {
  const uid = newUid()
  const parent = await started(stores[0], { uid })
  const children: LiveSession[] = []
  for (let count = 0; count < 8; count++) {
    const asked = await redemption(stores[0], await approved(stores[0], parent), parent)
    await stores[count % 2 === 0 ? 0 : 1].start(asked)
    children.push(asked.candidate)
  }
  const order = { reason: reason('adminRevoke'), by: null, guard: 'live' } as const
  const ends = [parent, ...children.toReversed()].map(({ origin: { sid } }, index) =>
    stores[index % 2 === 0 ? 0 : 1].end({ ...order, sid, family: index % 3 !== 2 }),
  )
  const results = await Promise.all(ends)
  expect(results.every(({ kind }) => kind === 'ended' || kind === 'already')).toBe(true)
  const standings = await Promise.all([parent, ...children].map(standingOf))
  expect(new Set(standings)).toEqual(new Set(['admin_revoke']))
})
