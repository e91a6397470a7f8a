/* The invariant nothing-readable (DESIGN.md, section 2): S82, S122. */
import { describe, expect, test } from 'vitest'
import {
  asList,
  asText,
  basic,
  clients,
  freshUid,
  publicClient,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

/** Every form in which a token could stand somewhere: itself, its bytes, and its last part alone. */
function formsOf(secret: string): readonly string[] {
  const jwt = secret.split('.')
  const body = /^cf[rsc]_(.+)$/.exec(secret)?.[1]
  const forms = [secret, Buffer.from(secret).toString('hex'), encodeURIComponent(secret)]
  if (jwt.length === 3) forms.push(asText(jwt[2]))
  if (body !== undefined) {
    const bytes = Buffer.from(body, 'base64url')
    const mac = bytes.subarray(-16)
    for (const part of [bytes, mac]) {
      forms.push(part.toString('hex'), part.toString('base64'), part.toString('base64url'))
      forms.push(part.toString('latin1'))
    }
  }
  return forms
}

describe.each(stores)('nothing-readable on %s', (store) => {
  const house = useCurfew({ store, config: { server: { logLevel: 'trace' } } })
  const { api } = house

  test('scenarios G05, K11: S82, S122: store, logs and metrics hold nothing that can be presented', async () => {
    const secrets = new Map<string, string>()
    const keep = (name: string, secret: string): void => {
      if (secret !== '') secrets.set(`${name} ${secrets.size}`, secret)
    }
    for (let n = 0; n < 5; n++) {
      const device = ['web', 'app', 'pc', 'rover', 'pair'][n] ?? 'web'
      const body = { uid: freshUid(), device, client_id: publicClient }
      let login = await api.start(body)
      const joined = await api.start(body)
      for (const one of [login, joined]) {
        keep('access', one.accessToken)
        keep('session', one.sessionToken)
        keep('refresh', one.refreshToken)
      }
      login = joined.refreshToken === '' ? login : joined
      const next = await api.refreshed(login, publicClient)
      keep('access', next.accessToken)
      keep('refresh', next.refreshToken)
      // Also where things go wrong, and where a secret stands in the wrong place.
      await api.get('/sessions', { as: next.refreshToken })
      await api.get(`/sessions/${next.sessionToken}`, { as: clients.operator })
      await api.get('/sessions', { as: next.accessToken, query: { token: next.sessionToken } })
      await api.get(`/no/such/${next.refreshToken}`)
      await api.refresh(`${next.refreshToken}x`, publicClient)
      await api.post('/oauth/token', { json: { refresh_token: next.refreshToken } })
      await api.post('/sessions', {
        as: clients.backend,
        json: { uid: 7, secret: clients.backend.secret, token: next.accessToken },
      })
      await api.post('/logout', { as: next.accessToken, json: { token: next.sessionToken } })
      await api.introspect(next.sessionToken)
      await api.post('/oauth/revoke', { as: clients.backend, form: { token: next.refreshToken } })
      await api.logout(next.sessionToken)
      await api.refresh(login.refreshToken, publicClient)
    }
    keep('access', await api.clientToken(clients.satellite))
    await api.clientCredentials({ id: clients.backend.id, secret: `${clients.backend.secret}x` })
    const inBody = { grant_type: 'client_credentials', client_id: clients.backend.id }
    await api.post('/oauth/token', { form: { ...inBody, client_secret: clients.backend.secret } })
    const stream = await api.feedStream()
    stream.close()
    for (const client of Object.values(clients)) {
      secrets.set(`secret of ${client.id}`, client.secret)
      secrets.set(`basic of ${client.id}`, basic(client).slice('Basic '.length))
    }
    for (const secret of asList(house.curfew.config['secrets'])) {
      secrets.set(`ring ${secrets.size}`, asText(secret))
    }
    const metrics = (await api.get('/metrics')).text
    const { stage } = house.curfew
    const places = {
      dump: await stage.dump(),
      rows: (await stage.rows()).join('\n'),
      metrics,
      log: house.curfew.log(),
    }
    for (const place of ['dump', 'rows'] as const) expect(places[place]).toContain(publicClient)
    expect(places.log).toContain('/oauth/token')
    const found: string[] = []
    for (const [place, text] of Object.entries(places)) {
      for (const [name, secret] of secrets) {
        if (formsOf(secret).some((form) => text.includes(form))) found.push(`${name} in ${place}`)
      }
      // A private signing key would stand as the member "d" of a JWK, or as PEM.
      if (/"d"\s*:\s*"[\w-]{20,}"|PRIVATE KEY/.test(text)) found.push(`a private key in ${place}`)
    }
    expect(found).toEqual([])
  })

  test('scenario G05: an error never repeats the secret that it refuses', async () => {
    const login = await api.start({ uid: freshUid(), device: 'web' })
    await api.logout(login.accessToken)
    const answers = [
      await api.get('/sessions', { as: login.sessionToken }),
      await api.refresh(login.refreshToken),
      await api.get(`/sessions/${login.sessionToken}`, { as: clients.operator }),
      await api.post('/sessions', {
        as: clients.backend,
        json: { uid: 'x', device: login.sessionToken },
      }),
      await api.post('/oauth/token', {
        as: clients.backend,
        form: { grant_type: login.refreshToken },
      }),
      await api.clientCredentials({ id: 'backend', secret: login.refreshToken }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.text).not.toMatch(/cf[rs]_[\w-]{20}/)
    }
  })
})
