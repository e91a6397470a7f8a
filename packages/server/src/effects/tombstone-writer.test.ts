import { expect, onTestFinished, test } from 'vitest'
import type { FeedEntry, Tombstones } from '#authority'
import type { Epoch } from '#domain'
import { logout } from '#test/contract/effects-suite.ts'
import { started } from '#test/contract/sessions.ts'
import { openOutbox } from '#test/effects/bench.ts'
import { TombstoneWriter } from './tombstone-writer.ts'

async function stage() {
  const bench = await openOutbox({ webhooks: [] })
  const { store } = bench
  const written: { readonly epoch: Epoch; readonly sids: readonly string[] }[] = []
  const state = { down: false, disturbed: 0 }
  const tombstones: Tombstones = {
    write: async (epoch: Epoch, entries: readonly FeedEntry[]) => {
      if (state.down) throw new Error('Redis is away')
      written.push({ epoch, sids: entries.map(({ sid }) => sid) })
    },
  }
  const writer = (owner: string) => {
    const one = new TombstoneWriter({
      ...{ store, tombstones, owner },
      signals: { disturbed: () => void state.disturbed++ },
    })
    onTestFinished(() => one.stop())
    return one
  }
  const end = async () => {
    const session = await started(store)
    await store.end(logout(session))
    return session.origin.sid
  }
  return { ...bench, state, written, writer, end }
}

test('scenario S48: an end whose replica died before Redis heard of it gets its tombstone', async () => {
  const { writer, written, end } = await stage()
  await end()
  const one = writer('one')
  await one.attend()
  // What ended before Redis was there at all can be in no cache.
  expect(written).toEqual([])
  const sids = [await end(), await end()]
  await one.attend()
  expect(written.map(({ sids: of }) => of)).toEqual([sids])
  await one.attend()
  expect(written).toHaveLength(1)
})

test('while Redis is away nothing is passed over', async () => {
  const { writer, written, end, state } = await stage()
  const one = writer('one')
  await one.attend()
  const sid = await end()
  state.down = true
  await one.attend()
  expect(state.disturbed).toBe(1)
  state.down = false
  await one.attend()
  expect(written.map(({ sids }) => sids)).toEqual([[sid]])
})

test('one replica writes for all, and another goes on when it is gone', async () => {
  const { writer, written, end, advance } = await stage()
  await writer('one').attend()
  const sid = await end()
  await writer('two').attend()
  expect(written).toEqual([])
  advance(31_000)
  await writer('two').attend()
  expect(written.map(({ sids }) => sids)).toEqual([[sid]])
})

test('rule 7 restored: in a new epoch all that is kept and recent is written again', async () => {
  const { writer, written, end, store, advance } = await stage()
  const one = writer('one')
  await one.attend()
  const old = await end()
  await one.attend()
  advance(3_700_000)
  const recent = await end()
  await one.attend()
  const { head } = await store.tail(0)
  const epoch = await store.renewEpoch(head.epoch)
  await one.attend()
  expect(written.map(({ sids }) => sids)).toEqual([[old], [recent], [recent]])
  expect(written.at(-1)?.epoch).toBe(epoch)
})
