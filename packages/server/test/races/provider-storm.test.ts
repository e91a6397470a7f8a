/*
 * Everybody asks at the moment at which a session's tokens run out: the herd that a dashboard makes. The
 * provider is slow and kills the whole family of a refresh token that it is shown twice.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Visitor } from '#test/gateway/visitor.ts'
import { ProviderBrowser } from '#test/oidc/real-provider.ts'
import { type GateReplica, grantsOf, known, type Person, panels, shownTwice } from './rig/gates.ts'
import { openStrictProvider, type StrictProvider } from './rig/strict-provider.ts'
import { useGates } from './rig/use-gates.ts'

const latencyMs = 300
/** As the providers say it. */
const lifeMs = 300_000

const panelsCount = 12
const pollSeconds = 30
const hourSeconds = 3600
const heapGrowthMax = 4 * 1024 * 1024

/** Spread over the replicas, each request by the next one. */
async function crowd(at: readonly GateReplica[], person: Person, size: number) {
  const from = performance.now()
  let slowestMs = 0
  const replies = await Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const reply = await known(at[index % at.length]).ask(person)
      slowestMs = Math.max(slowestMs, performance.now() - from)
      return reply
    }),
  )
  const late = (slowestMs - latencyMs).toFixed(0)
  console.log(`${size} over ${at.length}: the last answer ${late} ms after the provider's time`)
  return replies
}

/** What a process holds on to; a leak shows in one of them. */
const held = [
  'curfew_nodejs_active_resources_total',
  'curfew_forward_auth_prepared',
  'curfew_cache_entries',
  'curfew_last_seen_waiting',
] as const

async function measured(replica: GateReplica): Promise<readonly number[]> {
  return Promise.all(held.map((name) => replica.metric(name)))
}

describe('a provider that kills the family of a token that it is shown twice', () => {
  // A lease of two polls: the clock of the hour below runs while a grant is under way.
  const gates = useGates({ replicas: 3, clock: true, idp: { timeout: '60s' } })
  beforeAll(() => {
    gates.provider.latencyMs = latencyMs
  })

  test.each([
    [50, 2],
    [200, 2],
    [50, 3],
    [200, 3],
  ])(
    'scenarios R04, X01: rule 21 lease: %i requests over %i replicas at the moment of expiry are one grant, and all see its token',
    async (size, replicas) => {
      const person = await gates.signIn(`herd-${size}-${replicas}`)
      await gates.pass(lifeMs)
      const replies = await crowd(gates.all.slice(0, replicas), person, size)
      expect(replies.map(({ status }) => status)).toEqual(Array(size).fill(200))
      expect(grantsOf(gates.provider, person.subject)).toBe(1)
      const issued = gates.provider.issued.filter(({ subject }) => subject === person.subject)
      const tokens = replies.map(({ headers }) => headers['x-provider-token'])
      expect(new Set(tokens)).toEqual(new Set([known(issued[0]).accessToken]))
      expect(replies.flatMap(({ setCookies }) => setCookies)).toEqual([])
      expect(shownTwice(gates.provider)).toEqual([])
    },
  )

  test('scenario R27: an hour is a grant for each life of a token, no refusal, and nothing that grows', async () => {
    const person = await gates.signIn('dashboard')
    gates.provider.latencyMs = 0
    const statuses = new Set<number>()
    const heap: number[] = []
    let early: readonly (readonly number[])[] = []
    for (let second = 0; second <= hourSeconds; second += pollSeconds) {
      const asked = Array.from({ length: panelsCount }, (_, panel) =>
        gates.at((panel + second / pollSeconds) % 3).ask(person, { path: `/api/panel/${panel}` }),
      )
      for (const { status } of await Promise.all(asked)) statuses.add(status)
      if (second === 600) early = await Promise.all(gates.all.map(measured))
      heap.push(await gates.at(1).metric('curfew_nodejs_heap_size_used_bytes'))
      await gates.pass(pollSeconds * 1000)
    }
    expect([...statuses]).toEqual([200])
    const grants = grantsOf(gates.provider, person.subject)
    expect(grants).toBeGreaterThanOrEqual(11)
    expect(grants).toBeLessThanOrEqual(14)
    expect(shownTwice(gates.provider)).toEqual([])
    const late = await Promise.all(gates.all.map(measured))
    for (const [index, counts] of late.entries()) {
      for (const [at, count] of counts.entries()) {
        expect
          .soft(count, `${held[at]} of ${gates.at(index).name}`)
          .toBeLessThanOrEqual((early[index]?.[at] ?? 0) + 2)
      }
    }
    // The smallest of half an hour each, so that no garbage counts.
    const [first, second] = [Math.min(...heap.slice(20, 60)), Math.min(...heap.slice(-60))]
    expect(second - first).toBeLessThan(heapGrowthMax)
  })
})

describe('oidc-provider, whose rotation is strict', () => {
  let strict: StrictProvider
  const gates = useGates(async () => {
    strict = await openStrictProvider({ latencyMs })
    return { replicas: 2, clock: true, config: strict.config, idp: strict.idp }
  })
  afterAll(() => strict?.close())

  async function signedIn(): Promise<{ readonly person: Person; readonly token: string }> {
    const visitor = new Visitor({
      url: gates.at(0).curfew.url,
      publicUrl: strict.publicUrl,
      provider: { issuer: strict.issuer, authorize: (url) => new URL(url) },
    })
    const login = await visitor.open(`${panels}/`)
    const authorize = await visitor.open(known(login.headers['location']))
    const atProvider = new ProviderBrowser(strict.publicUrl)
    const callback = await atProvider.signIn(known(authorize.headers['location']), 'alice')
    const { headers } = await visitor.browse(callback.href)
    const cookie = known(visitor.jar.value(new URL(panels), 'curfew'))
    const person = { subject: 'alice', sid: known(headers['x-sid']), cookie }
    return { person, token: known(headers['x-provider-token']) }
  }

  test('scenarios R04, X01: rule 21 lease: 200 requests over two replicas, three times, are three grants', async () => {
    const { person, token } = await signedIn()
    const seen = new Set([token])
    for (let round = 1; round <= 3; round++) {
      await gates.pass(lifeMs)
      const replies = await crowd(gates.all, person, 200)
      expect(replies.map(({ status }) => status)).toEqual(Array(200).fill(200))
      const tokens = new Set(replies.map(({ headers }) => known(headers['x-provider-token'])))
      expect(tokens.size).toBe(1)
      for (const one of tokens) seen.add(one)
      expect(seen.size).toBe(1 + round)
      expect(strict.grants).toEqual({ good: round, refused: 0 })
    }
  })
})
