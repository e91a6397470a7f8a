/* Attacks on the store beneath a running server (rules 6 and 36). */
import { renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freshUid, startCurfew } from '#test/harness/index.ts'

test('rule 36 one writer of SQLite: another name of the same file is the same file', async () => {
  const curfew = await startCurfew({ store: 'sqlite' })
  try {
    const alias = join(curfew.stage.folder, 'alias.db')
    symlinkSync(join(curfew.stage.folder, 'curfew.db'), alias)
    const twin = await curfew.twin({ config: { store: `sqlite:${alias}` } }).then(
      () => 'it serves',
      (error: unknown) => String(error),
    )
    expect(twin).toContain('another curfew serve')
  } finally {
    await curfew.close()
  }
})

test("rule 6 the store's clock: process time alone refreshes nothing that has run out", async () => {
  const curfew = await startCurfew({
    store: 'sqlite',
    // The process learns late of the store's clock, as a replica does whose own clock is wrong.
    config: { tokens: { refreshTtl: '1h' }, revocation: { pullInterval: '20s' } },
  })
  const { api, stage } = curfew
  try {
    const login = await api.start({ uid: freshUid(), device: 'web' })
    await sleep(500)
    writeFileSync(`${stage.clockFile}.next`, String(2 * 3_600_000))
    renameSync(`${stage.clockFile}.next`, stage.clockFile)
    await sleep(100)
    const used = await api.get('/sessions', { as: login.accessToken })
    expect.soft(used.status, 'an access token that ran out two hours ago').toBe(401)
    const answer = await api.refresh(login.refreshToken)
    expect(answer.status, 'a refresh token that ran out an hour ago').toBe(400)
  } finally {
    await curfew.close()
  }
})
