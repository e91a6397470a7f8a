import { expect, test } from 'vitest'
import { NextRead } from './next-read.ts'

/** Readings that end when they are told to. */
function readings() {
  const begun: PromiseWithResolvers<number>[] = []
  const read = () => {
    const one = Promise.withResolvers<number>()
    begun.push(one)
    return one.promise
  }
  return { begun, read }
}

test('whoever comes while a reading is under way shares the next one, never that', async () => {
  const reads = new NextRead<number>()
  const { begun, read } = readings()
  const first = reads.run('a', read)
  const crowd = [reads.run('a', read), reads.run('a', read), reads.run('a', read)]
  expect(begun).toHaveLength(1)
  begun[0]?.resolve(1)
  expect(await first).toBe(1)
  await expect.poll(() => begun.length).toBe(2)
  const later = reads.run('a', read)
  begun[1]?.resolve(2)
  expect(await Promise.all(crowd)).toEqual([2, 2, 2])
  await expect.poll(() => begun.length).toBe(3)
  begun[2]?.resolve(3)
  expect(await later).toBe(3)
})

test('keys have nothing to do with each other, and one at rest begins at once', async () => {
  const reads = new NextRead<number>()
  const { begun, read } = readings()
  const a = reads.run('a', read)
  const b = reads.run('b', read)
  expect(begun).toHaveLength(2)
  begun[0]?.resolve(1)
  begun[1]?.resolve(2)
  expect(await Promise.all([a, b])).toEqual([1, 2])
  const again = reads.run('a', read)
  expect(begun).toHaveLength(3)
  begun[2]?.resolve(3)
  expect(await again).toBe(3)
})

test('a reading that fails fails for those who wait, and the one after begins anew', async () => {
  const reads = new NextRead<number>()
  const { begun, read } = readings()
  const first = reads.run('a', read)
  const waiting = reads.run('a', read)
  begun[0]?.reject(new Error('no answer'))
  await expect(first).rejects.toThrow('no answer')
  await expect(waiting).rejects.toThrow('no answer')
  const after = reads.run('a', read)
  expect(begun).toHaveLength(2)
  begun[1]?.resolve(7)
  expect(await after).toBe(7)
})
