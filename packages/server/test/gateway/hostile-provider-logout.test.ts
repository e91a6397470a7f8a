/* A provider that names its sessions when they end, and never did before. */
import { expect, test } from 'vitest'
import { app, openGate } from './gate.ts'
import { sendRaw } from './wire.ts'

test('rule 23 late sign-in: a logout that is acknowledged has ended the session, also where its ID tokens have no sid', async () => {
  const gate = await openGate()
  try {
    gate.provider.idToken = { sid: undefined }
    const visitor = gate.visitor()
    expect((await visitor.browse(`${app}/`)).status).toBe(200)
    const token = await gate.provider.logoutToken({ sub: gate.provider.subject })
    const reply = await sendRaw(new URL(`${gate.curfew.issuer}/oidc/backchannel-logout`), {
      method: 'POST',
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: `logout_token=${token}`,
    })
    expect(reply.status).toBe(200)
    expect((await visitor.open(`${app}/`)).status).toBe(302)
  } finally {
    await gate.close()
  }
})
