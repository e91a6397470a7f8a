/* Idle limits as short as they may be: use behind forward auth keeps a session, and nothing else does. */
import { expect, test } from 'vitest'
import { claimsOf } from '#test/harness/index.ts'
import { type Gate, openGate } from './gate.ts'
import { home, signedIn } from './steps.ts'
import type { Visitor } from './visitor.ts'
import type { Reply } from './wire.ts'

interface InUse {
  readonly gate: Gate
  readonly visitor: Visitor
  readonly replies: readonly (readonly [Reply, Reply])[]
}

/** Two requests, then ten seconds, for two and a half minutes. */
async function inUse(
  headers: Readonly<Record<string, string>>,
  judge: (use: InUse) => Promise<void>,
): Promise<void> {
  const gate = await openGate({ config: { sessions: { idleTtl: '1m' }, gateway: { headers } } })
  try {
    gate.provider.accessSeconds = 1_000_000
    const visitor = await signedIn(gate)
    const replies: (readonly [Reply, Reply])[] = []
    for (let seconds = 0; seconds < 150; seconds += 10) {
      replies.push([await visitor.open(home), await visitor.open(home)])
      await gate.curfew.advanceClock(10_000)
    }
    await judge({ gate, visitor, replies })
  } finally {
    await gate.close()
  }
}

test('rule 8 expired frees its place: whoever goes on within the idle limit is not signed out, who rests is', () =>
  inUse({ 'X-User': '{{ uid }}' }, async ({ gate, visitor, replies }) => {
    expect(replies.flat().map(({ status }) => status)).toEqual(Array(30).fill(200))
    await gate.curfew.advanceClock(61_000)
    expect((await visitor.open(home)).status).toBe(302)
  }))

test('an access token for the application lives for half of the limit, and is not minted at every request', () =>
  inUse({ Authorization: 'Bearer {{ accessToken }}' }, async ({ replies }) => {
    for (const pair of replies) {
      const [one, other] = pair.map(({ headers }) =>
        claimsOf(String(headers['authorization']).replace('Bearer ', '')),
      )
      expect(Number(one?.['exp']) - Number(one?.['iat'])).toBe(30)
      expect(one?.['jti']).toBe(other?.['jti'])
    }
  }))
