/* Logout by the provider: back-channel and front-channel, over HTTP. Scenarios B and F. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clients, freshUid } from '#test/harness/index.ts'
import { type Gate, openGate } from './gate.ts'
import { byScript, home, inside, outside, sessionsOf, signedIn, standing } from './steps.ts'
import type { Visitor } from './visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from './wire.ts'

const formHeaders: HeaderPairs = [['Content-Type', 'application/x-www-form-urlencoded']]
let sids = 0

/** A browser that signed in with a session of its own at the provider. */
async function signedInAs(gate: Gate, subject: string): Promise<{ visitor: Visitor; sid: string }> {
  sids++
  const sid = `op-${sids}`
  Object.assign(gate.provider, { subject, sid })
  const visitor = await signedIn(gate)
  return { visitor, sid }
}

function announce(at: { readonly url: string }, token: string): Promise<Reply> {
  const body = new URLSearchParams({ logout_token: token }).toString()
  const url = new URL(`${at.url}/oidc/backchannel-logout`)
  return sendRaw(url, { method: 'POST', headers: formHeaders, body })
}

describe('back-channel logout', () => {
  let gate: Gate
  beforeAll(async () => {
    gate = await openGate({ config: { limits: { failedClientAuth: 'off' } } })
    gate.provider.accessSeconds = 1_000_000
  })
  afterAll(() => gate?.close())

  const toldOf = async (claims: Record<string, unknown>, header = {}) =>
    announce(gate.curfew, await gate.provider.logoutToken(claims, header))

  test('scenarios B01, A03, B20: by sid: 200, not to be stored; that session alone is dead, 302 or 401', async () => {
    const [one, other] = [await signedInAs(gate, 'ann'), await signedInAs(gate, 'ann')]
    const reply = await toldOf({ sid: one.sid })
    expect(reply.status).toBe(200)
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(await standing(one.visitor)).toEqual(outside)
    expect(await standing(other.visitor)).toEqual(inside)
    const problem = await one.visitor.send(home, { headers: byScript })
    expect(JSON.parse(problem.body)).toMatchObject({
      ...{ code: 'session_ended', revoked_reason: 'idp_logout' },
    })
  })

  test('scenarios B02, B15: by sub alone: all of that subject; a sign-in after it works', async () => {
    const all = [await signedInAs(gate, 'bob'), await signedInAs(gate, 'bob')]
    const other = await signedInAs(gate, 'bobby')
    // The token speaks of sessions until its second.
    await gate.curfew.advanceClock(2000)
    expect((await toldOf({ sid: undefined, sub: 'bob', iat: seconds(2) })).status).toBe(200)
    for (const { visitor } of all) expect(await standing(visitor)).toEqual(outside)
    expect(await standing(other.visitor)).toEqual(inside)
    await gate.curfew.advanceClock(2000)
    expect(await standing((await signedInAs(gate, 'bob')).visitor)).toEqual(inside)
  })

  const seconds = (ahead: number) => Math.floor(Date.now() / 1000) + ahead

  test('scenario B03: by both: the session of the sid', async () => {
    const [one, other] = [await signedInAs(gate, 'cat'), await signedInAs(gate, 'cat')]
    expect((await toldOf({ sid: one.sid, sub: 'cat' })).status).toBe(200)
    expect(await standing(one.visitor)).toEqual(outside)
    expect(await standing(other.visitor)).toEqual(inside)
  })

  test('scenarios B04, B13: not by GET, not by JSON, not with a body of any size', async () => {
    const { visitor, sid } = await signedInAs(gate, 'dan')
    const token = await gate.provider.logoutToken({ sid })
    const url = new URL(`${gate.curfew.url}/oidc/backchannel-logout`)
    const withQuery = new URL(`${url.href}?logout_token=${token}`)
    expect((await sendRaw(withQuery, { method: 'GET', headers: [] })).status).toBe(405)
    const json = { method: 'POST', body: JSON.stringify({ logout_token: token }) }
    const asJson = await sendRaw(url, { ...json, headers: [['Content-Type', 'application/json']] })
    expect(asJson.status).toBe(400)
    expect(JSON.parse(asJson.body)).toMatchObject({ error: 'invalid_request' })
    const padded = `logout_token=${token}&pad=${'x'.repeat(65_536)}`
    const large = await sendRaw(url, { method: 'POST', headers: formHeaders, body: padded })
    expect(large.status).toBe(413)
    expect(await standing(visitor)).toEqual(inside)
  })

  test('rule 23 late sign-in: one that comes before the callback leaves no session, by sid and by sub', async () => {
    for (const claims of [{ sid: 'op-late' }, { sid: undefined, sub: 'kim' }]) {
      Object.assign(gate.provider, { subject: 'kim', sid: 'op-late' })
      const visitor = gate.visitor()
      const callback = await visitor.begin(home)
      await gate.curfew.advanceClock(2000)
      expect((await toldOf({ iat: seconds(1), ...claims })).status).toBe(200)
      const reply = await visitor.open(callback)
      expect(reply.status).toBe(403)
      expect(await standing(visitor)).toEqual(outside)
      gate.provider.sid = 'op-next'
    }
    expect(await standing((await signedInAs(gate, 'kim')).visitor)).toEqual(inside)
  })

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['scenario B05: an unknown key', {}, { kid: 'k9' }],
    ['scenario B06: another issuer', { iss: 'https://mallory.example.com' }, {}],
    ['scenario B06: another audience', { aud: 'somebody' }, {}],
    ['scenario B07: no iat', { iat: undefined }, {}],
    ['scenario B07: an old iat', { iat: seconds(-960) }, {}],
    ['scenario B07: an iat in the future', { iat: seconds(360), exp: seconds(600) }, {}],
    ['scenario B08: no exp', { exp: undefined }, {}],
    ['scenario B08: an exp in the past', { exp: seconds(-200), iat: seconds(-300) }, {}],
    ['scenario B09: no events', { events: undefined }, {}],
    ['scenario B09: another event', { events: { 'http://example.com/': {} } }, {}],
    ['scenario B10: a nonce', { nonce: 'n' }, {}],
    ['scenario B11: neither sid nor sub', { sid: undefined }, {}],
    ['scenario B12: the typ of an access token', {}, { typ: 'at+jwt' }],
  ])('%s: 400, and nobody is signed out', async (_, claims, header) => {
    const { visitor, sid } = await signedInAs(gate, 'eve')
    const reply = await toldOf({ sid, ...claims }, header)
    expect(reply.status).toBe(400)
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(JSON.parse(reply.body)).toMatchObject({ error: 'invalid_request' })
    expect(await standing(visitor)).toEqual(inside)
  })

  test('scenario B05: unsigned, or signed with what is public', async () => {
    const { visitor, sid } = await signedInAs(gate, 'fay')
    const [, payload = ''] = (await gate.provider.logoutToken({ sid })).split('.')
    for (const alg of ['none', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'logout+jwt', kid: 'k1' }))
      for (const signature of ['', 'c2ln']) {
        const token = `${header.toString('base64url')}.${payload}.${signature}`
        expect((await announce(gate.curfew, token)).status).toBe(400)
      }
    }
    for (const garbage of ['', 'x', 'a.b.c']) {
      expect((await announce(gate.curfew, garbage)).status).toBe(400)
    }
    expect(await standing(visitor)).toEqual(inside)
  })

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['scenario B06: ours among several audiences', { aud: ['somebody', 'curfew'] }, {}],
    ['scenario B12: the typ JWT', {}, { typ: 'JWT' }],
    ['scenario B12: no typ', {}, { typ: undefined }],
  ])('%s: 200', async (_, claims, header) => {
    const { visitor, sid } = await signedInAs(gate, 'gil')
    expect((await toldOf({ sid, ...claims }, header)).status).toBe(200)
    expect(await standing(visitor)).toEqual(outside)
  })

  test('scenarios B14, T10: the same token again is 200 and ends nothing', async () => {
    const { sid } = await signedInAs(gate, 'hal')
    const token = await gate.provider.logoutToken({ sid, jti: 'once' })
    expect((await announce(gate.curfew, token)).status).toBe(200)
    const [before] = await sessionsOf(gate, 'main:hal')
    expect((await announce(gate.curfew, token)).status).toBe(200)
    expect((await sessionsOf(gate, 'main:hal'))[0]).toEqual(before)
    // The jti was used, whatever else a second token with it says.
    const later = await signedInAs(gate, 'hal')
    await toldOf({ sid: later.sid, jti: 'once' })
    expect(await standing(later.visitor)).toEqual(inside)
  })

  test('scenarios B17, B18, B19: dead after a thousand other ends, a day and an hour, and a restart', async () => {
    const { visitor, sid } = await signedInAs(gate, 'ivy')
    const { api } = gate.curfew
    await toldOf({ sid })
    const uid = freshUid('many')
    for (let round = 0; round < 10; round++) {
      const starts = Array.from({ length: 100 }, () => api.start({ uid, device: 'web' }))
      await Promise.all(starts)
      await api.post(`/users/${uid}/revoke`, { as: clients.operator, json: {} })
    }
    expect(await standing(visitor)).toEqual(outside)
    await gate.curfew.advanceClock(25 * 3_600_000)
    expect(await standing(visitor)).toEqual(outside)
    await gate.curfew.stop()
    await gate.curfew.restart()
    expect(await standing(visitor)).toEqual(outside)
  })
})

test('scenarios B16, X08: told to one replica, the session is dead on the other', async () => {
  const gate = await openGate({ store: 'postgres' })
  try {
    const twin = await gate.curfew.twin()
    const { visitor, sid } = await signedInAs(gate, 'jim')
    const there = gate.visitor(twin)
    there.jar.set(new URL(home), 'curfew', visitor.jar.value(new URL(home), 'curfew') ?? '')
    expect(await standing(there)).toEqual(inside)
    await announce(gate.curfew, await gate.provider.logoutToken({ sid }))
    expect(await standing(visitor)).toEqual(outside)
    await expect.poll(() => standing(there), { timeout: 5000 }).toEqual(outside)
  } finally {
    await gate.close()
  }
})

describe('front-channel logout', () => {
  let gate: Gate
  beforeAll(async () => {
    gate = await openGate({ config: { limits: { signIns: { rate: '600/m', burst: 60 } } } })
  })
  afterAll(() => gate?.close())

  const open = (query: Record<string, string>, method = 'GET') =>
    sendRaw(new URL(`${gate.curfew.url}/oidc/frontchannel-logout?${new URLSearchParams(query)}`), {
      method,
      headers: [['Accept', 'text/html']],
    })

  test('scenario F01: issuer and sid: a page for a frame, not to be stored, and the session is dead', async () => {
    const { visitor, sid } = await signedInAs(gate, 'ann')
    const reply = await open({ iss: gate.provider.issuer, sid })
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toContain('text/html')
    expect(reply.headers['cache-control']).toContain('no-store')
    expect(reply.headers['x-frame-options']).toBeUndefined()
    expect(reply.headers['content-security-policy']).not.toContain("frame-ancestors 'none'")
    expect(await standing(visitor)).toEqual(outside)
  })

  test('scenarios F02, F03: without issuer or sid, by POST, for a subject: refused, and nobody is signed out', async () => {
    const { visitor, sid } = await signedInAs(gate, 'bob')
    const iss = gate.provider.issuer
    expect((await open({ iss: 'https://mallory.example.com', sid })).status).toBe(400)
    expect((await open({ sid })).status).toBe(400)
    expect((await open({ iss })).status).toBe(400)
    expect((await open({ iss, sub: 'bob' })).status).toBe(400)
    expect((await open({ iss, sid: '' })).status).toBe(400)
    expect((await open({ iss, sid }, 'POST')).status).toBe(405)
    expect(await standing(visitor)).toEqual(inside)
  })

  test('scenario F04: whoever guesses sids is slowed down, and what was ended is on record', async () => {
    const { visitor, sid } = await signedInAs(gate, 'cat')
    const iss = gate.provider.issuer
    const guesses = Array.from({ length: 100 }, (_, at) => open({ iss, sid: `guess-${at}` }))
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    expect(await standing(visitor)).toEqual(inside)
    await expect.poll(async () => (await open({ iss, sid })).status, { timeout: 5000 }).toBe(200)
    const [ended] = await sessionsOf(gate, 'main:cat')
    expect(ended).toMatchObject({ revoked_reason: 'idp_logout', revoked_by_user_id: null })
  })
})
