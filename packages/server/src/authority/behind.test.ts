import { expect, test } from 'vitest'
import { Behind } from './behind.ts'

test('it is idle when everything has come to an end, well or badly, also what came meanwhile', async () => {
  const behind = new Behind()
  await behind.idle()
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  behind.add(first.promise)
  let idle = false
  const waiting = behind.idle().then(() => {
    idle = true
  })
  behind.add(second.promise)
  first.reject(new Error('it failed'))
  await Promise.allSettled([first.promise])
  expect(idle).toBe(false)
  second.resolve()
  await waiting
  expect(idle).toBe(true)
})
