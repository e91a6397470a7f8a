/* What a provider announces, against starts of the same person over parallel connections. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProviderLogoutOrder, Store } from '#authority'
import { addMs, type Instant, type LiveSession, type ProviderLink } from '#domain'
import { openStore } from '#stores'
import { freshDatabase } from '#test/services/vitest.ts'
import { approved, redemption } from './devices.ts'
import { fullSession, newUid, request } from './sessions.ts'

let stores: readonly [Store, Store]

beforeAll(async () => {
  const { url } = await freshDatabase()
  const open = (): Promise<Store> => openStore({ kind: 'postgres', url })
  stores = [await open(), await open()]
})
afterAll(() => Promise.all(stores.map((store) => store.close())))

const issuer = 'https://idp.example.com'
const rounds = Array.from({ length: 40 }, (_, index) => index)

function linkOf(session: LiveSession, subject: string, providerSid: string | null): ProviderLink {
  const { provider } = fullSession(session)
  if (provider === null) throw new Error('the full session has a provider')
  return { ...provider, issuer, subject, providerSid }
}

async function standingOf({ origin }: LiveSession): Promise<string> {
  const read = await stores[0].read(origin.sid)
  return read?.session.kind === 'ended' ? read.session.end.reason : (read?.session.kind ?? 'none')
}

const soon = (): Instant => addMs(Date.now() as Instant, 600_000)

const frontChannel = (uid: string): ProviderLogoutOrder => ({
  issuer,
  target: { by: 'sid', providerSid: `p-${uid}`, of: null },
  once: null,
  rememberMs: 0,
})

/** Of a session at the provider that no session here names, so those without a name end. */
const unknownSid = (uid: string): ProviderLogoutOrder => ({
  issuer,
  target: { by: 'sid', providerSid: `other-${uid}`, of: { subject: uid, createdUntil: soon() } },
  once: { id: uid, expiresAt: soon() },
  rememberMs: 3_600_000,
})

test.each([
  ['the front channel', frontChannel, true],
  ['a sid that is unknown here', unknownSid, false],
])(
  'rule 31 approval: an end by %s leaves no child behind, whatever the order',
  async (_what, orderFor, named) => {
    const outcomes = new Set<string>()
    for (const round of rounds) {
      const uid = newUid()
      const providerSid = named ? `p-${uid}` : null
      const first = await request(stores[0], { uid })
      const parent = { ...first.candidate, provider: linkOf(first.candidate, uid, providerSid) }
      expect((await stores[0].start({ ...first, candidate: parent })).kind).toBe('started')
      const asked = await redemption(stores[1], await approved(stores[0], parent), parent)
      const child = { ...asked.candidate, provider: linkOf(asked.candidate, uid, providerSid) }
      const acts = [
        () => stores[1].start({ ...asked, candidate: child }),
        () => stores[0].endByProvider(orderFor(uid)),
      ]
      if (round % 2 === 0) acts.reverse()
      await Promise.all(acts.map((act) => act()))
      outcomes.add(`${await standingOf(parent)}, ${await standingOf(child)}`)
    }
    expect([...outcomes].filter((one) => one.endsWith('live'))).toEqual([])
  },
)

test('rule 23 late sign-in: a start and the logout of its sid never wait for each other, and the logout wins', async () => {
  for (const round of rounds) {
    const uid = newUid()
    const asked = await request(stores[0], { uid })
    const providerSid = `p-${uid}`
    const candidate = { ...asked.candidate, provider: linkOf(asked.candidate, uid, providerSid) }
    const order: ProviderLogoutOrder = {
      ...unknownSid(uid),
      target: { by: 'sid', providerSid, of: { subject: uid, createdUntil: soon() } },
    }
    const acts = [
      () => stores[1].start({ ...asked, candidate }),
      () => stores[0].endByProvider(order),
    ]
    if (round % 2 === 0) acts.reverse()
    // A deadlock would reject one of them.
    await Promise.all(acts.map((act) => act()))
    expect(await standingOf(candidate)).not.toBe('live')
  }
})
