/* Authorization codes: what a start uses up (rule 33). */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { CodeHash, NewCode, Store } from '#authority'
import type { Prepare } from './bench.ts'
import { app, newUid, request } from './sessions.ts'

function newCode(changes: Partial<NewCode> = {}): NewCode {
  return {
    hash: randomBytes(32).toString('base64url') as CodeHash,
    clientId: app,
    redirectUri: 'https://app.example.com/cb',
    challenge: 'a-challenge',
    dpopThumbprint: null,
    sealed: 'sealed',
    ttlMs: 60_000,
    ...changes,
  }
}

async function startWith(store: Store, hash: CodeHash, fence?: number) {
  const asked = await request(store, fence === undefined ? {} : { fence })
  const order = { ...asked, voucher: { kind: 'code', code: hash } as const }
  return { result: await store.start(order), sid: asked.candidate.origin.sid }
}

export function codesSuite(prepare: Prepare): void {
  test('a code comes back as it was given, and one that was never given does not', async () => {
    const { store } = await prepare()
    const { sealed, ttlMs: _ttl, ...bound } = newCode({ dpopThumbprint: 'a-thumbprint' })
    await store.addCode({ ...bound, sealed, ttlMs: 60_000 })
    expect(await store.code(bound.hash)).toEqual({ ...bound, sealed, sid: null, expired: false })
    expect(await store.code(newCode().hash)).toBeUndefined()
  })

  test('rule 33 codes: of many starts with one code one commits, and the others learn which', async () => {
    const { store } = await prepare()
    const code = newCode()
    await store.addCode(code)
    const starts = await Promise.all(Array.from({ length: 8 }, () => startWith(store, code.hash)))
    const won = starts.filter(({ result }) => result.kind === 'started')
    expect(won).toHaveLength(1)
    const sid = won[0]?.sid
    const lost = starts.filter((start) => start !== won[0]).map(({ result }) => result)
    expect(lost).toEqual(Array(7).fill({ kind: 'voucher-refused', sid }))
    expect(await store.code(code.hash)).toMatchObject({ sid, sealed: null })
    for (const start of starts.filter((one) => one !== won[0])) {
      expect(await store.read(start.sid)).toBeUndefined()
    }
  })

  test('rule 33 codes: a start that is refused has used nothing up', async () => {
    const { store } = await prepare()
    const code = newCode()
    await store.addCode(code)
    const before = await store.fence()
    const uid = newUid()
    await store.endUser({
      ...{ uid, reason: 'why' as never, by: null, except: null, requireLive: null, disable: true },
    })
    const asked = await request(store, { uid, fence: before })
    const voucher = { kind: 'code', code: code.hash } as const
    expect((await store.start({ ...asked, voucher })).kind).toBe('user-disabled')
    expect(await store.code(code.hash)).toMatchObject({ sid: null, sealed: 'sealed' })
    expect((await startWith(store, code.hash)).result.kind).toBe('started')
  })

  test("rule 6 the store's clock: a code that has run out, or was never given, starts nothing", async () => {
    const { store } = await prepare()
    const code = newCode({ ttlMs: 0 })
    await store.addCode(code)
    const refused = { kind: 'voucher-refused', sid: null }
    expect((await startWith(store, code.hash)).result).toEqual(refused)
    expect((await startWith(store, newCode().hash)).result).toEqual(refused)
    expect(await store.code(code.hash)).toMatchObject({ expired: true, sid: null })
  })

  test('codes are pruned an hour after they have run out', async () => {
    const { store } = await prepare()
    const limits = { feedRetentionMs: 0, endedRetentionMs: 0, rowsMax: 100 }
    const [old, late] = [newCode({ ttlMs: -3_600_001 }), newCode({ ttlMs: -1000 })]
    await store.addCode(old)
    await store.addCode(late)
    await store.prune(limits)
    expect(await store.code(old.hash)).toBeUndefined()
    expect(await store.code(late.hash)).toMatchObject({ expired: true })
  })

  test('many codes are pruned in steps, and each but the last says that there is more', async () => {
    const { store } = await prepare()
    const old = [1, 2, 3].map(() => newCode({ ttlMs: -3_600_001 }))
    for (const code of old) await store.addCode(code)
    const limits = { feedRetentionMs: 0, endedRetentionMs: 0, rowsMax: 2 }
    expect((await store.prune(limits)).more).toBe(true)
    const left = await Promise.all(old.map(({ hash }) => store.code(hash)))
    expect(left.filter((code) => code !== undefined)).toHaveLength(1)
    expect((await store.prune(limits)).more).toBe(false)
    for (const { hash } of old) expect(await store.code(hash)).toBeUndefined()
  })
}
