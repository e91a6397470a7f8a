/* `server.adminListen`: a listener of its own for administrators (API.md, section 2). */
import { expect, test } from 'vitest'
import { Api, adminUid, clients, freshUid, stores, withCurfew } from '#test/harness/index.ts'
import { freePort } from '#test/services/index.ts'

test.each(stores)('the role admin counts there and nowhere else, on %s', async (store) => {
  const port = await freePort()
  const server = { adminListen: `127.0.0.1:${port}` }
  await withCurfew({ store, config: { server } }, async ({ api }) => {
    const admin = new Api(() => `http://127.0.0.1:${port}`)
    const uid = freshUid()
    const [login, root] = [
      await api.start({ uid, device: 'web' }),
      await api.start({ uid: adminUid, device: 'web' }),
    ]
    for (const as of [clients.operator, root.accessToken]) {
      // What administrators alone may do is not there; what issuers may as well is refused.
      expect((await api.get('/admin/sessions', { as })).status).toBe(404)
      expect((await api.get(`/users/${uid}/sessions`, { as })).status).toBe(404)
      expect((await api.post(`/sessions/${login.sid}/revoke`, { as })).status).toBe(404)
      expect((await api.post(`/users/${uid}/revoke`, { as })).status).toBe(403)
      expect((await api.get('/sessions/revoked', { as })).status).toBe(403)
      expect((await admin.get('/admin/sessions', { as })).status).toBe(200)
      expect((await admin.get(`/users/${uid}/sessions`, { as })).items).toHaveLength(1)
    }
    const issuer = { as: clients.backend }
    expect((await api.post(`/users/${freshUid()}/revoke`, issuer)).status).toBe(200)
    expect((await admin.get('/admin/sessions', issuer)).status).toBe(403)
    const ended = await admin.post(`/sessions/${login.sid}/revoke`, { as: clients.operator })
    expect(ended.body).toMatchObject({ revoked: true })
    expect(await api.works(login.accessToken)).toBe(false)
  })
})

test('without it everything is on one listener', async () => {
  await withCurfew({ store: 'sqlite' }, async ({ api }) => {
    expect((await api.get('/admin/sessions', { as: clients.operator })).status).toBe(200)
  })
})

test('it closes with the server, and its paths lie below publicUrl’s', async () => {
  const [main, port] = [await freePort(), await freePort()]
  const server = {
    publicUrl: `http://127.0.0.1:${main}/auth`,
    listen: `127.0.0.1:${main}`,
    adminListen: `127.0.0.1:${port}`,
  }
  await withCurfew({ store: 'sqlite', config: { server } }, async (curfew) => {
    const admin = new Api(() => `http://127.0.0.1:${port}/auth`)
    expect((await admin.get('/admin/sessions', { as: clients.operator })).status).toBe(200)
    expect((await admin.get('/readyz')).status).toBe(200)
    expect(await curfew.stop()).toEqual({ code: 0, signal: null })
    await expect(admin.get('/readyz')).rejects.toThrow()
  })
})
