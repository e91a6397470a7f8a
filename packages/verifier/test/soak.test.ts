/* A million ends over a simulated day, by pull and stream: memory is flat, and every end arrives. */
import v8 from 'node:v8'
import vm from 'node:vm'
import { expect, test } from 'vitest'
import { createVerifier } from '../src/verifier.ts'
import { FakeCurfew, newSid, until } from './fake-curfew.ts'

const minutes = 24 * 60
const endsAMinute = 695
/** Curfew keeps them for an hour; the fake one for ten minutes, which is longer than any token lives. */
const keptMinutes = 10

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

test('1,000,000 ends over a day leave memory as it was, and none is missed', async () => {
  const curfew = await FakeCurfew.start()
  const verifier = await createVerifier(curfew.options())
  await until(() => verifier.metrics.streamOpen)
  let told = 0
  verifier.on('ended', () => (told += 1))
  const heaps: number[] = []
  const denied: number[] = []
  let aborted = 0
  let ended = 0
  for (let minute = 0; minute < minutes; minute++) {
    // Some of them have a stream open here; nothing holds the session but its listener.
    const watched = newSid()
    const session = await verifier.verify(await curfew.token({ sid: watched }))
    session.signal.addEventListener('abort', () => (aborted += 1), { once: true })
    for (let n = 0; n < endsAMinute; n++) {
      // Every other push is lost.
      curfew.streaming = n % 2 === 0
      curfew.end(n === 0 ? watched : newSid(), 300)
      ended += 1
    }
    await curfew.timing.pass(60_000)
    const excess = curfew.ends.length - keptMinutes * endsAMinute
    if (excess > 0) curfew.floor = curfew.ends.splice(0, excess).at(-1)?.seq ?? curfew.floor
    curfew.asked.length = 0
    if (minute % 240 === 239) {
      heaps.push(await heapBytes())
      denied.push(verifier.status.denied)
    }
  }
  expect(ended).toBeGreaterThanOrEqual(1_000_000)
  expect(told).toBe(ended)
  expect(aborted).toBe(minutes)
  // Seven minutes' worth: five that tokens live, two for clocks that differ.
  for (const count of denied) expect(count).toBeLessThan(9 * endsAMinute)
  const [first = 0, ...later] = heaps
  for (const heap of later) expect(heap - first).toBeLessThan(8_000_000)
  expect(verifier.metrics).toMatchObject({ signals: 0, reloads: 0, pullFailures: 0 })
  expect(verifier.metrics.denylistBytes).toBeLessThan(400_000)
  await verifier.close()
}, 300_000)
