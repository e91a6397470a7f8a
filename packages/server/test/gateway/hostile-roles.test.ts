/* A backend that may start sessions and give no roles, and a role that the gateway asks for. */
import { expect, test } from 'vitest'
import { clients } from '#test/harness/index.ts'
import { startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { app, openGate, providerConfig } from './gate.ts'

test.each([[['id_token', 'userinfo']], [['id_token', 'access_token']], [['userinfo']]])(
  'rule 17 roles: claims that a client wrote do not become roles at the next refresh: %j',
  async (claimsFrom) => {
    const provider = await startScriptableProvider()
    // What only userinfo would tell is not told, so what was kept is all that there is.
    provider.userinfoStatus = 500
    const main = { ...providerConfig(provider), claimsFrom, rolesClaim: 'groups' }
    const gate = await openGate({ provider, config: { identityProviders: [main] } })
    try {
      const visitor = gate.visitor()
      expect((await visitor.browse(`${app}/`)).status).toBe(200)
      const { api } = gate.curfew
      const patch = { as: clients.humble, json: { claims: { groups: ['ops'] } } }
      expect((await api.patch('/users/main%3Aalice', patch)).status).toBe(200)
      const roles = { as: clients.humble, json: { roles: ['ops'] } }
      expect((await api.patch('/users/main%3Aalice', roles)).status).toBe(403)
      const before = provider.grants.length
      await gate.curfew.advanceClock(provider.accessSeconds * 1000)
      expect((await visitor.open(`${app}/admin/x`)).status).toBe(403)
      expect(provider.grants.length).toBe(before + 1)
    } finally {
      await gate.close()
      await provider.close()
    }
  },
)
