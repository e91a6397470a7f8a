import { describe, expect, test } from 'vitest'
import { instant, type KeyId, Secret } from '#domain'
import { sid } from '#test/gateway/requests.ts'
import { canonicalHost } from './canonical.ts'
import { HandOff, parseBinding, type TicketSeal } from './hand-off.ts'

const host = canonicalHost('app.other.test') ?? never()
const start = 1_800_000_000_000

function never(): never {
  throw new Error('no host')
}

/** Seals by writing down what for. */
const seal: TicketSeal = {
  seal: (purpose, identity, plain) =>
    Buffer.from(JSON.stringify([purpose, identity, plain.reveal()])).toString('base64url'),
  unseal: (purpose, identity, sealed) => {
    const text = Buffer.from(sealed, 'base64url').toString()
    if (!text.startsWith('[')) return { kind: 'unreadable' }
    const [kind, about, plain] = JSON.parse(text) as [string, string[], string]
    const same = kind === purpose && about.join() === identity.join()
    return same ? { kind: 'opened', plaintext: new Secret(plain) } : { kind: 'unreadable' }
  },
}

function stage() {
  const state = { nowMs: start }
  const used = new Set<string>()
  const handOff = new HandOff({
    seal,
    secure: true,
    clock: { now: () => instant(state.nowMs) },
    once: {
      once: async (kind, id) => {
        const key = `${kind} ${id}`
        return used.has(key) ? false : Boolean(used.add(key))
      },
    },
  })
  const bound = handOff.bind({ cookie: ['a=1'] })
  const cookie = [`a=1; ${bound.setCookie?.split(';')[0]}`]
  const target = 'https://app.other.test/page?x=1'
  const ticket = handOff.issue({ sid, host, binding: bound.hash, target })
  return { state, handOff, bound, cookie, ticket, target }
}

describe('rule 28 hosts: the hand-off of a session', () => {
  test('the browser that began gets it, once', async () => {
    const { handOff, cookie, ticket, target } = stage()
    expect(await handOff.redeem(ticket, { cookie, host })).toEqual({
      ...{ kind: 'redeemed', sid, target },
    })
    expect(await handOff.redeem(ticket, { cookie, host })).toEqual({ kind: 'used', sid, target })
  })

  test('another browser gets nothing, and spends nothing', async () => {
    const { handOff, cookie, ticket } = stage()
    const other = handOff.bind({ cookie: [] }).setCookie?.split(';')[0] ?? ''
    for (const stranger of [[], ['a=1'], [other]]) {
      expect(await handOff.redeem(ticket, { cookie: stranger, host })).toEqual({
        ...{ kind: 'refused', why: 'other-browser' },
      })
    }
    expect(await handOff.redeem(ticket, { cookie, host })).toMatchObject({ kind: 'redeemed' })
  })

  test('on another host it is unreadable', async () => {
    const { handOff, cookie, ticket } = stage()
    for (const name of ['app.other.test:8443', 'evil.test', 'other.test']) {
      const elsewhere = canonicalHost(name) ?? never()
      expect(await handOff.redeem(ticket, { cookie, host: elsewhere })).toEqual({
        ...{ kind: 'refused', why: 'unreadable' },
      })
    }
  })

  test('it lives for 30 seconds', async () => {
    const { state, handOff, cookie, ticket } = stage()
    state.nowMs += 29_999
    expect(await handOff.redeem(ticket, { cookie, host })).toMatchObject({ kind: 'redeemed' })
    const second = stage()
    second.state.nowMs += 30_000
    expect(await second.handOff.redeem(second.ticket, { cookie: second.cookie, host })).toEqual({
      kind: 'refused',
      why: 'expired',
    })
  })

  test('garbage is refused', async () => {
    const { handOff, cookie } = stage()
    for (const text of ['', 'x', 'e30', '../', 'a'.repeat(5000)]) {
      expect(await handOff.redeem(text, { cookie, host })).toMatchObject({ kind: 'refused' })
    }
  })
})

describe('the binding', () => {
  test('is a host-only cookie that scripts cannot read, shared by the tabs of a browser', () => {
    const { handOff, bound, cookie } = stage()
    expect(bound.setCookie).toMatch(
      /^__Host-curfew-binding=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(handOff.bind({ cookie })).toEqual({ hash: bound.hash, setCookie: null })
  })

  test('its hash travels, and the parameter has one shape', () => {
    const { bound } = stage()
    expect(bound.setCookie).not.toContain(bound.hash)
    expect(parseBinding(bound.hash)).toBe(bound.hash)
    for (const text of [undefined, '', 'x', `${bound.hash}x`, `${bound.hash.slice(1)}=`]) {
      expect(parseBinding(text)).toBeNull()
    }
  })

  test('a secret that is missing makes the ticket unreadable, and nothing else', async () => {
    const { cookie, ticket } = stage()
    const lacking = new HandOff({
      seal: { ...seal, unseal: () => ({ kind: 'key-missing', keyId: 'AAAAAA' as KeyId }) },
      once: { once: async () => true },
      clock: { now: () => instant(start) },
      secure: true,
    })
    expect(await lacking.redeem(ticket, { cookie, host })).toMatchObject({ kind: 'refused' })
  })
})
