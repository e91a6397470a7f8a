import { beforeEach, describe, expect, test } from 'vitest'
import { FakeCurfew, json, newSid, until } from '../test/fake-curfew.ts'
import { refusal, running, verdict } from '../test/running.ts'
import type { VerifierFault } from './errors.ts'
import type { VerifierOptions } from './options.ts'
import type { StateStore } from './state.ts'
import { createVerifier, type Verifier } from './verifier.ts'

class Disk implements StateStore {
  bytes: Uint8Array | undefined
  broken = false
  saves = 0

  async load(): Promise<Uint8Array | undefined> {
    if (this.broken) throw new Error('EIO')
    return this.bytes
  }

  async save(state: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.broken) throw new Error('EIO')
    this.saves += 1
    this.bytes = state
  }
}

let curfew: FakeCurfew
let disk: Disk

beforeEach(async () => {
  curfew = await FakeCurfew.start()
  disk = new Disk()
})

function start(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  return running(curfew, { state: disk, stream: false, ...options })
}

const outOfReach = (): Response => json({}, 503)

/** A verifier that has run, and seen one session end; then it stopped. */
async function earlierRun(): Promise<{ dead: string; live: string }> {
  const first = await start()
  const sid = newSid()
  const lives = { expiresInSeconds: 3600 }
  const [dead, live] = [await curfew.token({ sid, ...lives }), await curfew.token(lives)]
  curfew.end(sid, 3600)
  await curfew.timing.pass(30_000)
  await first.close()
  return { dead, live }
}

describe('the last known state', () => {
  test('makes a start a short pull', async () => {
    const { dead, live } = await earlierRun()
    const asked = curfew.count('feed')
    const verifier = await start()
    expect(curfew.asked.at(-1)?.url.searchParams.get('since')).toBe('e1aaaaaa.1')
    expect(curfew.count('feed')).toBe(asked + 1)
    expect(await verdict(verifier, dead)).toBe('ended')
    expect(await verdict(verifier, live)).toBe('good')
  })

  test('lets a start succeed while Curfew is out of reach, for as long as it is fresh enough', async () => {
    const { dead, live } = await earlierRun()
    curfew.spoil = outOfReach
    const made = start({ startTimeout: '2s' })
    await until(() => curfew.timing.timers.size > 0)
    await curfew.timing.pass(2000)
    const verifier = await made
    expect(verifier.status).toMatchObject({ ready: true, denied: 1, cursor: 'e1aaaaaa.1' })
    expect(await verdict(verifier, dead)).toBe('ended')
    expect(await verdict(verifier, live)).toBe('good')
    await curfew.timing.pass(300_000)
    expect(await refusal(verifier.verify(live))).toBe('stale 503')
    curfew.spoil = undefined
    await curfew.timing.pass(30_000)
    await until(() => verifier.status.stalenessSeconds < 60)
    expect(await verdict(verifier, live)).toBe('good')
  })

  test('that is too old, or from the future, does not stand in for a pull', async () => {
    await earlierRun()
    for (const shiftMs of [400_000, -500_000]) {
      curfew.timing.wallAheadMs += shiftMs
      curfew.spoil = outOfReach
      const made = createVerifier(curfew.options({ state: disk, startTimeout: '2s' }))
      const failed = expect(made).rejects.toMatchObject({ code: 'start_timeout' })
      await until(() => curfew.timing.timers.size > 0)
      await curfew.timing.pass(2000)
      await failed
    }
  })

  test('that is old is good enough for `accept`', async () => {
    const { dead, live } = await earlierRun()
    curfew.timing.nowMs += 1_000_000
    curfew.spoil = outOfReach
    const made = start({ startTimeout: '2s', onStale: 'accept' })
    await until(() => curfew.timing.timers.size > 0)
    await curfew.timing.pass(2000)
    const verifier = await made
    expect(await verdict(verifier, dead)).toBe('ended')
    expect(await verdict(verifier, live)).toBe('good')
  })

  test('is kept at most once a minute, and when the verifier is closed', async () => {
    const verifier = await start({ pullInterval: '1s' })
    for (let second = 0; second < 130; second++) await curfew.timing.pass(1000)
    expect(disk.saves).toBe(3)
    await verifier.close()
    expect(disk.saves).toBe(4)
  })

  test('that never comes does not hold the start for longer than it may last', async () => {
    const load = (): Promise<undefined> => new Promise(() => undefined)
    const state: StateStore = { load, save: async () => undefined }
    const made = createVerifier(curfew.options({ state, startTimeout: '2s' }))
    const failed = expect(made).rejects.toMatchObject({ code: 'start_timeout' })
    await curfew.timing.pass(2000)
    await failed
    expect(curfew.timing.timers.size).toBe(0)
  })

  test('that cannot be read, or is none, costs a whole load and nothing else', async () => {
    const { dead } = await earlierRun()
    const good = disk.bytes ?? new Uint8Array()
    const other = new TextEncoder().encode(new TextDecoder().decode(good).replace('auth.', 'evil.'))
    const states = [
      new Uint8Array(),
      new Uint8Array(3),
      good.slice(0, 40),
      good.slice(0, -1),
      other,
    ]
    for (const bytes of states) {
      disk.bytes = bytes
      const faults: VerifierFault[] = []
      const verifier = await start({ start: 'background' })
      verifier.on('error', (fault) => faults.push(fault))
      await until(() => verifier.status.ready)
      expect(await verdict(verifier, dead)).toBe('ended')
      await verifier.close()
    }
    disk.broken = true
    const verifier = await start()
    expect(verifier.metrics.faults).toBeGreaterThan(0)
    expect(await verdict(verifier, dead)).toBe('ended')
  })
})
