/* The golden vectors of docs/guides/verifier-other-languages.md, run against this verifier. */
import { describe, expect, test } from 'vitest'
import { FakeCurfew, json, newSid, newSigner, until } from '../test/fake-curfew.ts'
import { running, verdict } from '../test/running.ts'
import feed from '../vectors/feed.json' with { type: 'json' }
import push from '../vectors/push.json' with { type: 'json' }
import tokens from '../vectors/tokens.json' with { type: 'json' }
import { isSessionId } from './ids.ts'
import type { Verifier } from './verifier.ts'

/** A Curfew that only keeps time and takes what a test says. */
function curfewAt(nowSeconds: number): FakeCurfew {
  const curfew = new FakeCurfew()
  curfew.timing.nowMs = nowSeconds * 1000
  return curfew
}

describe('tokens.json', () => {
  test.each(tokens.cases)('$name: $verdict', async ({ token, verdict: expected }) => {
    const curfew = curfewAt(tokens.now)
    curfew.spoil = (path, answer) => (path === 'jwks' ? json(tokens.jwks) : answer())
    const { issuer, audience } = tokens
    const verifier = await running(curfew, { issuer, audience, stream: false })
    expect(await verdict(verifier, token)).toBe(expected)
    expect(await verdict(verifier, token)).toBe(expected)
  })
})

type Step = (typeof feed.steps)[number]

function answerOf({ answer: { status, headers, body } }: Step): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return new Response(text, { status, headers: Object.entries(headers) })
}

test('feed.json: each step asks what it says, and leads where it says', async () => {
  const curfew = curfewAt(feed.now)
  const left = [...feed.steps]
  const asked: (string | null)[] = []
  /** How things stood when the question after each step was asked, and how many pulls had failed. */
  const stood: { cursor: string | null; denied: number; failures: number }[] = []
  let verifier: Verifier | undefined
  curfew.spoil = (path) => {
    if (path === 'jwks') return json(tokens.jwks)
    if (verifier !== undefined && asked.length > stood.length) {
      const { cursor = null, denied } = verifier.status
      stood.push({ cursor, denied, failures: verifier.metrics.pullFailures })
    }
    const step = left.shift()
    if (step === undefined) return json({}, 503)
    asked.push(curfew.asked.at(-1)?.url.searchParams.get('since') ?? null)
    return answerOf(step)
  }
  verifier = await running(curfew, { stream: false, start: 'background', maxStaleness: '1h' })
  for (let round = 0; round < 20; round++) await curfew.timing.pass(30_000)
  expect(left).toEqual([])
  expect(asked).toEqual(feed.steps.map(({ asks }) => asks.since))
  const failures = feed.steps.map(({ then }) => (then.failed === true ? 1 : 0))
  const expected = feed.steps.map(({ then: { cursor, denied } }, index) => ({
    cursor,
    denied: denied.length,
    failures: failures.slice(0, index + 1).reduce<number>((sum, one) => sum + one, 0),
  }))
  expect(stood).toEqual(expected)
})

test('push.json: the stream brings ends, and doubts where a number is missing or all starts over', async () => {
  const { stream, now } = push
  const curfew = curfewAt(now)
  curfew.signers = [await newSigner()]
  const [epoch = '', seq] = stream.position.split('.')
  curfew.epoch = epoch
  curfew.floor = Number(seq)
  const verifier = await running(curfew)
  const told: string[] = []
  verifier.on('ended', ({ sid }) => told.push(sid))
  await until(() => verifier.metrics.streamOpen)
  expect(verifier.status.cursor).toBe(stream.position)
  for (const text of stream.text) for (const open of curfew.streams) open.write(text)
  await until(() => verifier.metrics.doubts === stream.doubts)
  expect(told).toEqual(stream.ends)
})

test.each(push.messages)('push.json: a message, $what', async ({ message, at, denies, pulls }) => {
  const curfew = curfewAt(push.now)
  curfew.signers = [await newSigner()]
  const [epoch = '', seq] = at.split('.')
  curfew.epoch = epoch
  curfew.floor = Number(seq)
  const verifier = await running(curfew, { stream: false })
  const sid = denies ?? Object(JSON.parse(message)).sid
  const token = await curfew.token({ sid: isSessionId(sid) ? sid : newSid() })
  await verifier.verify(token)
  const before = verifier.metrics.pulls
  verifier.hint(message)
  expect(await verdict(verifier, token)).toBe(denies === null ? 'good' : 'ended')
  await until(() => verifier.metrics.pulls === before + (pulls ? 1 : 0))
  // Nothing of it stands in the feed.
  await until(() => verifier.peek(token) !== undefined)
})
