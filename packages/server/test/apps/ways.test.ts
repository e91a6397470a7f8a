/* What holds for every way to start a session: no way may be forgotten. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Gate } from '#test/gateway/gate.ts'
import { clients, freshUid, type JsonObject } from '#test/harness/index.ts'
import { openWays, type Way, ways } from './ways.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openWays()
})
afterAll(() => gate?.close())

const admin = { as: clients.operator }
const act = (uid: string, what: 'revoke' | 'disable' | 'enable') =>
  gate.curfew.api.post(`/users/${encodeURIComponent(uid)}/${what}`, admin)

async function sessionsOf(uid: string, { device }: Way): Promise<readonly JsonObject[]> {
  const query = { uid, state: 'all', ...(device === null ? {} : { device }) }
  const { body } = await gate.curfew.api.get('/admin/sessions', { ...admin, query })
  return body['items'] as readonly JsonObject[]
}

const living = async (uid: string, way: Way) =>
  (await sessionsOf(uid, way)).filter((one) => one['revoked_at'] === null)

async function start(way: Way, subject: string): Promise<boolean> {
  const finish = await way.begin(gate, subject)
  return finish()
}

test('none is missing: each grant, and each use case that starts a session', async () => {
  const { body } = await gate.curfew.api.get('/.well-known/oauth-authorization-server')
  const grants = (body['grant_types_supported'] as string[]).filter(
    (one) => one !== 'refresh_token',
  )
  expect(ways.flatMap(({ grant }) => grant ?? []).toSorted()).toEqual(grants.toSorted())
  const authority = join(import.meta.dirname, '../../src/authority')
  const starters = readdirSync(authority).filter((name) => {
    if (name === 'start.ts' || name.endsWith('.test.ts')) return false
    const text = readFileSync(join(authority, name), 'utf8')
    return /\bstart(?:ByProvider|ByVoucher)?\((?!request: )/.test(text)
  })
  expect(ways.map(({ useCase }) => useCase).toSorted()).toEqual(starters.toSorted())
})

describe.each(ways)('$name', (way) => {
  const between = way.atOnce ? [] : (['revoke', 'disable'] as const)
  for (const what of between) {
    test(`rule 1 fence: what began before ${what} of the user does not finish after it`, async () => {
      const subject = freshUid('way')
      const uid = way.uid(subject)
      const finish = await way.begin(gate, subject)
      expect((await act(uid, what)).status).toBe(200)
      expect(await finish()).toBe(false)
      expect(await living(uid, way)).toEqual([])
    })
  }

  test('rule 1 fence: nobody who is disabled begins; once enabled, a new sign-in works', async () => {
    const subject = freshUid('way')
    const uid = way.uid(subject)
    await act(uid, 'disable')
    try {
      expect(await start(way, subject)).toBe(false)
      expect(await living(uid, way)).toEqual([])
    } finally {
      await act(uid, 'enable')
    }
    expect(await start(way, subject)).toBe(true)
    expect(await living(uid, way)).toHaveLength(1)
  })

  test('logout everywhere ends what it has started, and the feed says so', async () => {
    const subject = freshUid('way')
    const uid = way.uid(subject)
    expect(await start(way, subject)).toBe(true)
    const [session] = await living(uid, way)
    await act(uid, 'revoke')
    expect(await living(uid, way)).toEqual([])
    const feed = await gate.curfew.api.feed({ all: true })
    expect(feed.list.map(({ sid }) => sid)).toContain(session?.['sid'])
    expect(await start(way, subject)).toBe(true)
  })

  test('the policy of its class holds: one live session, the one before is superseded', async () => {
    const subject = freshUid('way')
    const uid = way.uid(subject)
    expect(await start(way, subject)).toBe(true)
    const [before] = await living(uid, way)
    expect(await start(way, subject)).toBe(true)
    const [after, ...more] = await living(uid, way)
    expect(more).toEqual([])
    // A client has one session of its own, and goes on with it.
    const superseded = way.device !== null
    expect(after?.['sid'] === before?.['sid']).toBe(!superseded)
    const all = await sessionsOf(uid, way)
    const first = all.find(({ sid }) => sid === before?.['sid'])
    expect(first?.['revoked_reason']).toBe(superseded ? 'superseded' : null)
  })
})
