/*
 * The access token that an application behind the gateway verifies by itself: minted seldom, good for that
 * application alone, and dead in the feed with its session.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { claimsOf, type JsonObject } from '#test/harness/index.ts'
import { known, type Person, verifying } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const lifeMs = 300_000
const gates = useGates({ replicas: 2, clock: true, idp: { graceOnFault: '1h' } })

async function tokensOf(person: Person, size: number): Promise<readonly string[]> {
  const replies = await Promise.all(
    Array.from({ length: size }, (_, index) =>
      gates.at(index % gates.all.length).ask(person, { app: verifying }),
    ),
  )
  expect(replies.map(({ status }) => status)).toEqual(Array(size).fill(200))
  return replies.map(({ headers }) => known(headers['x-access-token']))
}

const jtis = (tokens: readonly string[]) => new Set(tokens.map((token) => claimsOf(token)['jti']))

test('rule 4 every mint is a swap: 200 requests over two replicas are one token in each half of its life', async () => {
  const person = await gates.signIn('minted')
  const all = new Set<unknown>()
  for (let half = 1; half <= 3; half++) {
    for (const part of [1, 2]) {
      const tokens = await tokensOf(person, 200)
      const now = jtis(tokens)
      expect(now.size).toBe(1)
      for (const jti of now) all.add(jti)
      expect(all.size).toBe(half)
      if (part === 1) await gates.pass(lifeMs / 2 - 30_000)
    }
    await gates.pass(31_000)
  }
})

test('rule 15 audience: it is for the application alone, and nothing of Curfew takes it', async () => {
  const person = await gates.signIn('confined')
  const [token = ''] = await tokensOf(person, 3)
  const claims = claimsOf(token)
  expect([claims['aud']].flat()).toEqual([verifying])
  expect(claims).toMatchObject({ sub: `main:${person.subject}`, sid: person.sid })
  for (const { curfew } of gates.all) {
    const { api } = curfew
    const refused = [
      await api.get('/sessions', { as: token }),
      await api.post('/logout/all', { as: token }),
      await api.post('/logout/others', { as: token }),
      await api.delete(`/sessions/${person.sid}`, { as: token }),
      await api.patch(`/sessions/${person.sid}`, { as: token, json: { device_name: 'x' } }),
      await api.get('/admin/sessions', { as: token }),
    ]
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401))
  }
  expect((await gates.at(0).ask(person)).status).toBe(200)
})

test('rule 4 every mint is a swap: the end in the feed covers the last token that was minted, wherever that was', async () => {
  const person = await gates.signIn('covered')
  const first = claimsOf(known((await tokensOf(person, 3))[0]))
  await gates.pass(lifeMs / 2 + 1000)
  const last = claimsOf(known((await tokensOf(person, 3))[1]))
  expect(last['jti']).not.toBe(first['jti'])
  const cursor = await gates.at(0).curfew.api.head()
  expect((await gates.at(1).curfew.api.logout(person.cookie)).status).toBe(200)
  const feed = await gates.at(0).curfew.api.feed({ since: cursor })
  const entry = feed.list.find(({ sid }) => sid === person.sid) as JsonObject
  expect(entry).toMatchObject({ sid: person.sid, jti: last['jti'] })
  expect(Number(entry['exp'])).toBeGreaterThanOrEqual(Number(last['exp']))
})

test('dead stays dead: no token is handed out once the end of its session was acknowledged', async () => {
  const person = await gates.signIn('racing')
  await tokensOf(person, 3)
  await gates.pass(lifeMs / 2 + 1000)
  let ended = false
  const late: number[] = []
  const asking = Array.from({ length: 60 }, async (_, index) => {
    await sleep(index)
    const after = ended
    const { status } = await gates.at(0).ask(person, { app: verifying })
    if (after && status === 200) late.push(status)
  })
  await sleep(20)
  expect((await gates.at(0).curfew.api.logout(person.cookie)).status).toBe(200)
  ended = true
  await Promise.all(asking)
  expect(late).toEqual([])
})
