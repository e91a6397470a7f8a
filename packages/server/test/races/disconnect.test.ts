/* R13: the client writes its logout and is gone. The logout is carried through. */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually, freshUid } from '#test/harness/index.ts'
import type { Player } from './rig/pair.ts'
import { usePair } from './rig/use-pair.ts'
import type { Held } from './rig/witness.ts'

const rounds = 80

const pair = usePair()

/** Writes the whole request, waits so long, and closes without reading anything. */
async function hangUp(at: Player, request: string, afterMs: number): Promise<void> {
  const { hostname, port } = new URL(at.curfew.url)
  const socket = connect(Number(port), hostname)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => socket.write(request, () => resolve()))
  })
  if (afterMs > 0) await sleep(afterMs)
  socket.destroy()
}

function post(path: string, token: string | undefined, body = ''): string {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: curfew', `Content-Length: ${body.length}`]
  if (token !== undefined) lines.push(`Authorization: Bearer ${token}`)
  if (body !== '') lines.push('Content-Type: application/json')
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

function logoutRequest(held: Held, how: 'session' | 'access' | 'refresh'): string {
  if (how === 'session') return post('/logout', held.sessionToken)
  if (how === 'access') return post('/logout', held.accessToken)
  return post('/logout', undefined, JSON.stringify({ refresh_token: held.refreshToken }))
}

async function becomesDead(held: Held): Promise<void> {
  const { witness, b } = pair
  const isDead = async () => ((await witness.use(b, held)).verdict === 'ended' ? true : undefined)
  await eventually(isDead, { what: `the end of ${held.sid}` })
}

test('R13: the session is dead although the client hung up right after it had written its logout', async () => {
  const { witness, a, both } = pair
  await pair.play({ rounds, lanes: 4 }, async (chance, index) => {
    const held = await witness.signIn(chance.pick(both), freshUid('r13'))
    const how = chance.pick(['session', 'access', 'refresh'] as const)
    const from = performance.now()
    await hangUp(a, logoutRequest(held, how), index % 2 === 0 ? 0 : chance.below(5))
    witness.gaveUp(a, held, from)
    await becomesDead(held)
    expect(await witness.logout(a, held)).toMatchObject({ status: 200, first: false })
  })
})

test('R13: logout/all is carried through to the last session although the client hung up', async () => {
  const { witness, a, both } = pair
  await pair.play({ rounds: rounds / 4, lanes: 2 }, async (chance) => {
    const uid = freshUid('r13-all')
    const helds = [
      await witness.signIn(chance.pick(both), uid, 'web'),
      await witness.signIn(chance.pick(both), uid, 'app'),
      await witness.signIn(chance.pick(both), uid, 'pc'),
    ] as const
    const from = performance.now()
    await hangUp(a, post('/logout/all', helds[0].sessionToken), chance.below(3))
    for (const held of helds) witness.gaveUp(a, held, from)
    for (const held of helds) await becomesDead(held)
  })
})
