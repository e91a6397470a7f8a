/* What an application's address holds is nobody's business: a link to reset a password, a session in a query. */
import { expect, test } from 'vitest'
import { app, openGate } from './gate.ts'

test('no line of the log holds the address that a sign-in was to return to', async () => {
  const gate = await openGate()
  try {
    const visitor = gate.visitor()
    const secret = 'the-code-of-a-reset'
    const login = (idp: string) => {
      const url = new URL(`${gate.curfew.issuer}/login`)
      url.searchParams.set('return_to', `${app}/reset?code=${secret}`)
      url.searchParams.set('idp', idp)
      return url.href
    }
    // Refused by the provider, by us, and by a provider that is away.
    const callback = new URL(await visitor.begin(`${app}/reset?code=${secret}`))
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'server_error')
    expect((await visitor.open(callback.href)).status).toBe(502)
    expect((await visitor.open(login('nobody'))).status).toBe(400)
    gate.provider.discoveryStatus = 500
    await gate.curfew.stop()
    const next = await gate.curfew.restart()
    const late = gate.visitor(next)
    expect((await late.open(login('main').replace(gate.curfew.issuer, next.issuer))).status).toBe(
      503,
    )
    const log = gate.curfew.log() + next.log()
    expect(log).toContain('a sign-in could not begin')
    expect(log).not.toContain(secret)
  } finally {
    await gate.close()
  }
})
