/* The event stream and the hints: they bring news sooner, and never decide what is complete. */
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeCurfew, json, newSid, until } from '../test/fake-curfew.ts'
import { refusal, running, verdict } from '../test/running.ts'
import type { VerifierOptions } from './options.ts'
import type { Verifier } from './verifier.ts'

let curfew: FakeCurfew

beforeEach(async () => {
  curfew = await FakeCurfew.start()
})

function start(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  return running(curfew, options)
}

/** A verifier whose event stream is open. */
async function streaming(): Promise<Verifier> {
  const verifier = await start()
  await until(() => verifier.metrics.streamOpen)
  return verifier
}

function write(text: string): void {
  for (const stream of curfew.streams) stream.write(text)
}

describe('the event stream', () => {
  test('brings an end at once: denied, told once, and the signal aborts', async () => {
    const verifier = await streaming()
    const told: string[] = []
    verifier.on('ended', ({ sid }) => told.push(sid))
    const sid = newSid()
    const token = await curfew.token({ sid })
    const { signal } = await verifier.verify(token)
    const reasons: unknown[] = []
    signal.addEventListener('abort', () => reasons.push(signal.reason))
    const pulls = verifier.metrics.pulls
    curfew.end(sid)
    await until(() => told.length === 1)
    expect(reasons).toEqual([expect.objectContaining({ code: 'ended', status: 401 })])
    expect(await verdict(verifier, token)).toBe('ended')
    expect(verifier.metrics.pulls).toBe(pulls)
    // Push never moves the pull: it reads the same end again, and nobody hears of it twice.
    expect(verifier.status.cursor).toBe('e1aaaaaa.0')
    await curfew.timing.pass(30_000)
    expect(verifier.status.cursor).toBe('e1aaaaaa.1')
    expect(told).toEqual([sid])
  })

  test('begins where the pull stands, and comes back after its last event', async () => {
    curfew.end(newSid())
    const verifier = await streaming()
    curfew.end(newSid())
    await until(() => verifier.metrics.streamed === 1)
    for (const stream of curfew.streams) stream.close()
    await until(() => !verifier.metrics.streamOpen)
    const missed = newSid()
    curfew.end(missed)
    await curfew.timing.pass(1500)
    await until(() => verifier.metrics.streamed === 2)
    const [first, second] = curfew.asked.filter(({ path }) => path === 'stream')
    expect(first?.url.search).toBe('?all=true&since=e1aaaaaa.1')
    expect(first?.headers.get('last-event-id')).toBeNull()
    expect(second?.headers.get('last-event-id')).toBe('e1aaaaaa.2')
    expect(await verdict(verifier, await curfew.token({ sid: missed }))).toBe('ended')
  })

  test('a gap in its numbers makes the pull look at once', async () => {
    const verifier = await streaming()
    const [lost, seen] = [newSid(), newSid()]
    curfew.streaming = false
    curfew.end(lost)
    const pulls = verifier.metrics.pulls
    curfew.tell(curfew.end(seen))
    await until(() => verifier.metrics.pulls > pulls && verifier.status.denied === 2)
    expect(verifier.metrics).toMatchObject({ doubts: 1, streamed: 1 })
    expect(await verdict(verifier, await curfew.token({ sid: lost }))).toBe('ended')
  })

  test('another epoch, a reset and an event that is none make the pull look too', async () => {
    const verifier = await streaming()
    const odd = [
      'id: e9zzzzzz.1\nevent: reset\ndata: {}\n\n',
      `id: e8zzzzzz.7\ndata: {"sid":"${newSid()}","exp":1800000300}\n\n`,
      'id: e1aaaaaa.1\ndata: {"sid":"x"}\n\n',
    ]
    for (const [index, text] of odd.entries()) {
      await until(() => curfew.streams.size === 1)
      write(text)
      await until(() => verifier.metrics.doubts === index + 1)
      await curfew.timing.pass(20)
    }
    expect(verifier.metrics.faults).toBe(1)
    await until(() => !verifier.metrics.streamOpen)
  })

  test('an event of another kind makes the pull look, and breaks nothing', async () => {
    const verifier = await streaming()
    write('event: notice\ndata: {"maintenance":true}\n\n')
    await until(() => verifier.metrics.doubts === 1)
    await curfew.timing.pass(20)
    const sid = newSid()
    curfew.end(sid)
    await until(() => verifier.metrics.streamed === 1)
    expect(verifier.metrics).toMatchObject({ streamOpen: true, faults: 0, doubts: 1 })
  })

  test('an end without a position is the pull to find', async () => {
    const verifier = await streaming()
    curfew.streaming = false
    const { sid, exp } = curfew.end(newSid())
    write(`data: ${JSON.stringify({ sid, exp })}\n\n`)
    await until(() => verifier.status.cursor === 'e1aaaaaa.1')
    expect(verifier.metrics).toMatchObject({ denied: 1, streamed: 0, faults: 1 })
  })

  test('a token that never comes holds it up for a while, not for good', async () => {
    const answers = [Promise.resolve('one'), new Promise<string>(() => undefined)]
    const verifier = await running(curfew, {
      ...{ clientId: undefined, clientSecret: undefined },
      token: () => answers.shift() ?? Promise.resolve('more'),
    } as Partial<VerifierOptions>)
    await until(() => answers.length === 0)
    expect(verifier.metrics.streamOpen).toBe(false)
    await curfew.timing.pass(60_000)
    await until(() => verifier.metrics.streamOpen)
  })

  test('whatever breaks it off, it comes back, with pauses that grow', async () => {
    const verifier = await streaming()
    const breaks: (() => void)[] = [
      () => write('id: nonsense\ndata: {}\n\n'),
      () => write(`data: ${'x'.repeat(20_000)}`),
    ]
    for (const act of breaks) {
      act()
      await until(() => !verifier.metrics.streamOpen)
      await curfew.timing.pass(3000)
      await until(() => verifier.metrics.streamOpen)
    }
    // Silent for longer than three of the server's comments.
    await curfew.timing.pass(45_000)
    await until(() => !verifier.metrics.streamOpen)
    const asked = curfew.count('stream')
    const answers = [() => json({}, 401), () => json([]), () => json({}, 503)]
    curfew.spoil = (path, answer) => (path === 'stream' ? (answers.shift() ?? answer)() : answer())
    await curfew.timing.pass(60_000)
    await until(() => verifier.metrics.streamOpen)
    expect(curfew.count('stream') - asked).toBe(4)
    const token = await curfew.token()
    expect(await verdict(verifier, token)).toBe('good')
  })

  test('none is opened when it is switched off', async () => {
    await start({ stream: false })
    await curfew.timing.pass(60_000)
    expect(curfew.count('stream')).toBe(0)
  })
})

describe('rule 20 Redis is not trusted', () => {
  test('rule 20 Redis is not trusted: a true message denies at once, and the pull that it causes confirms it', async () => {
    const verifier = await start({ stream: false })
    const sid = newSid()
    const token = await curfew.token({ sid })
    const session = await verifier.verify(token)
    verifier.hint(curfew.message(curfew.end(sid)))
    expect(await refusal(verifier.verify(token))).toBe('ended 401')
    await until(() => session.signal.aborted)
    expect(verifier.status).toMatchObject({ denied: 1, cursor: 'e1aaaaaa.1' })
    expect(await refusal(verifier.verify(token))).toBe('ended 401')
  })

  test('rule 20 Redis is not trusted: a forged message is dropped by the next pull, and aborts nothing', async () => {
    const verifier = await start({ stream: false })
    const told: string[] = []
    verifier.on('ended', ({ sid }) => told.push(sid))
    const sid = newSid()
    const token = await curfew.token({ sid })
    const session = await verifier.verify(token)
    for (const epoch of [curfew.epoch, 'e9zzzzzz']) {
      const pulls = verifier.metrics.pulls
      const message = { epoch, seq: 1_000_000, jti: 'x', sid, exp: 4_000_000_000 }
      verifier.hint(JSON.stringify(message))
      await curfew.timing.pass(20)
      await until(() => verifier.metrics.pulls > pulls)
      await until(() => verifier.peek(token) !== undefined)
    }
    expect(session.signal.aborted).toBe(false)
    expect(told).toEqual([])
    expect(verifier.status.denied).toBe(0)
  })

  test('rule 20 Redis is not trusted: what a message says of its expiry is capped', async () => {
    const verifier = await start({ stream: false, maxStaleness: '10h', onStale: 'accept' })
    const sid = newSid()
    const token = await curfew.token({ sid, expiresInSeconds: 20_000 })
    await verifier.verify(token)
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 503) : answer())
    verifier.hint({ epoch: curfew.epoch, seq: 1, sid, exp: 4_000_000_000 })
    await curfew.timing.pass(3_500_000)
    expect(await verdict(verifier, token)).toBe('ended')
    await curfew.timing.pass(200_000)
    expect(await verdict(verifier, token)).toBe('good')
  })

  test('rule 20 Redis is not trusted: a flood of messages costs a bounded number of pulls and hints', async () => {
    const verifier = await start({ stream: false })
    const pulls = verifier.metrics.pulls
    for (let n = 0; n < 12_000; n++) {
      verifier.hint({ epoch: curfew.epoch, seq: n + 1, sid: newSid(), exp: 1_900_000_000 })
      if (n % 100 === 0) await curfew.timing.pass(1)
    }
    await curfew.timing.pass(40)
    expect(verifier.metrics.hintsDropped).toBe(0)
    expect(verifier.metrics.pulls - pulls).toBeLessThan(20)
    expect(verifier.status.denied).toBe(0)
  })

  test('rule 20 Redis is not trusted: a pull that was asked before the message does not drop it', async () => {
    const verifier = await start({ stream: false })
    const sid = newSid()
    const token = await curfew.token({ sid })
    await verifier.verify(token)
    // Each answer is as old as its question, and comes when it is let go.
    const held: (() => void)[] = []
    curfew.spoil = async (_path, answer) => {
      const answered = answer()
      await new Promise<void>((resolve) => held.push(resolve))
      return answered
    }
    verifier.hint()
    await until(() => held.length === 1)
    verifier.hint(curfew.message(curfew.end(sid)))
    held[0]?.()
    await curfew.timing.pass(20)
    await until(() => held.length === 2)
    expect(verifier.status).toMatchObject({ denied: 0, cursor: 'e1aaaaaa.0' })
    expect(await verdict(verifier, token)).toBe('ended')
    held[1]?.()
    await until(() => verifier.status.denied === 1)
    expect(await verdict(verifier, token)).toBe('ended')
  })

  test('rule 20 Redis is not trusted: more hints than there is room for are dropped and counted', async () => {
    const verifier = await start({ stream: false })
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 503) : answer())
    for (let n = 0; n < 10_050; n++) {
      verifier.hint({ epoch: curfew.epoch, seq: n + 1, sid: newSid(), exp: 1_900_000_000 })
    }
    expect(verifier.metrics).toMatchObject({ hints: 10_050, hintsDropped: 50 })
  })

  test('what is no message of Curfew is counted, and changes nothing', async () => {
    const verifier = await start({ stream: false })
    const sid = newSid()
    const entry = { sid, exp: 1_900_000_000, epoch: curfew.epoch, seq: 1 }
    const junk = [
      ...['', 'x', '[]', 'null', '7', 'x'.repeat(5000)],
      ...[null, 7, { ...entry, sid: 'x' }, { ...entry, exp: '1' }, { ...entry, seq: -1 }],
      ...[
        { ...entry, seq: 1.5 },
        { ...entry, epoch: 5 },
        { ...entry, exp: Number.NaN },
      ],
    ]
    const pulls = verifier.metrics.pulls
    for (const message of junk) verifier.hint(message)
    expect(verifier.metrics).toMatchObject({ hintsMalformed: junk.length, hints: 0, pulls })
    expect(await verdict(verifier, await curfew.token({ sid }))).toBe('good')
  })

  test('a message that the pull has been past is old news: no pull, no denial', async () => {
    const end = curfew.end(newSid())
    const verifier = await start({ stream: false })
    const pulls = verifier.metrics.pulls
    const sid = newSid()
    verifier.hint(curfew.message(end))
    verifier.hint({ epoch: curfew.epoch, seq: 1, sid, exp: 1_900_000_000 })
    expect(verifier.metrics.pulls).toBe(pulls)
    expect(await verdict(verifier, await curfew.token({ sid }))).toBe('good')
  })
})
