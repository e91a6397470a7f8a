/* Attacks on and by clients (rules 17, 18, 37). */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  asText,
  claimsOf,
  clients,
  eventually,
  freshUid,
  publicClient,
  runServer,
  startCurfew,
} from '#test/harness/index.ts'

const { backend, operator, satellite, webapp } = clients

function basic(id: string, secret: string) {
  const pair = Buffer.from(`${id}:${secret}`).toString('base64')
  return { authorization: `Basic ${pair}` }
}

test('rule 37 limits: another spelling of a client id has no bucket of its own', async () => {
  const limits = { failedClientAuth: { rate: '1/m', burst: 3 } }
  const curfew = await startCurfew({ store: 'sqlite', config: { limits } })
  try {
    const ask = (id: string, secret: string) =>
      curfew.api.post('/oauth/token', {
        headers: basic(id, secret),
        form: { grant_type: 'client_credentials' },
      })
    for (let guess = 0; guess < 3; guess++) {
      expect((await ask(backend.id, `wrong-${guess}`)).status).toBe(401)
    }
    expect((await ask(backend.id, backend.secret)).status).toBe(429)
    expect((await ask('back%65nd', backend.secret)).status).toBe(429)
  } finally {
    await curfew.close()
  }
})

test('a disabled client has no rights: it refreshes no session', async () => {
  const curfew = await startCurfew({ store: 'sqlite' })
  const { api } = curfew
  try {
    const own = await api.start({ uid: freshUid(), client_id: webapp.id })
    const phone = await api.start({ uid: freshUid(), client_id: publicClient })
    for (const id of [webapp.id, publicClient]) {
      expect((await api.post(`/users/client:${id}/disable`, { as: operator })).status).toBe(200)
    }
    const answers = [
      await api.refresh(own.refreshToken, webapp),
      await api.refresh(phone.refreshToken, publicClient),
      await api.post('/oauth/revoke', { as: webapp, form: { token: own.accessToken } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
  } finally {
    await curfew.close()
  }
})

test('rule 17 roles: an issuer changes nothing of the session of a client', async () => {
  const curfew = await startCurfew({ store: 'postgres' })
  const { api } = curfew
  try {
    const twin = await curfew.twin()
    const token = await api.clientToken(satellite)
    const sid = asText(claimsOf(token)['sid'])
    const json = { roles: ['pilot'], claims: { team: 'of the issuer' } }
    expect((await api.patch(`/sessions/${sid}`, { as: backend, json })).status).toBe(403)
    expect(claimsOf(await api.clientToken(satellite))).not.toHaveProperty('team')
    // With other roles the session can no longer be joined: the next replica would supersede it.
    await twin.api.clientToken(satellite)
    expect((await api.feed({}, token)).status).toBe(200)
  } finally {
    await curfew.close()
  }
})

test('the session of a client that left ends, also when the store was busy at the reload', async () => {
  const curfew = await startCurfew({ store: 'sqlite' })
  const { api, config, stage } = curfew
  try {
    const sid = asText(claimsOf(await api.clientToken(satellite))['sid'])
    const release = await stage.hold('select 1')
    const others = (config['clients'] as readonly { id: string }[]).filter(
      ({ id }) => id !== satellite.id,
    )
    curfew.reload({ ...config, clients: others })
    await eventually(async () => (/the configuration was/.test(curfew.log()) ? true : undefined))
    await sleep(2500)
    await release()
    expect.soft(curfew.log()).not.toContain('nothing has changed')
    const ended = async () => {
      const feed = await api.feed({}, operator)
      return feed.list.some((entry) => entry['sid'] === sid) ? true : undefined
    }
    await eventually(ended, { what: "the end of the client's session" })
  } finally {
    await curfew.close()
  }
})

test('SIGTERM while the store is waited for ends the server at once, exit 0', async () => {
  const curfew = await startCurfew({ store: 'sqlite' })
  const { config, stage } = curfew
  try {
    const file = join(stage.folder, 'stopped.yaml')
    const server = { publicUrl: curfew.issuer, listen: '127.0.0.1:0' }
    writeFileSync(file, stringify({ ...config, server, store: 'postgres://u@127.0.0.1:1/x' }))
    const waiting = runServer(['serve', '--config', file], { cwd: stage.folder })
    const waits = async () => (waiting.log().includes('does not answer yet') ? true : undefined)
    await eventually(waits, { what: 'a server that waits for its store' })
    waiting.signal('SIGTERM')
    expect(await Promise.race([waiting.ended, sleep(3000, 'still there')])).not.toBe('still there')
    expect(waiting.log()).not.toMatch(/\n\s+at /)
  } finally {
    await curfew.close()
  }
})

test('SIGHUP before the server listens does not end it', async () => {
  const curfew = await startCurfew({ store: 'sqlite' })
  const { config, stage } = curfew
  try {
    const file = join(stage.folder, 'waiting.yaml')
    const server = { publicUrl: curfew.issuer, listen: '127.0.0.1:0' }
    writeFileSync(file, stringify({ ...config, server, store: 'postgres://u@127.0.0.1:1/x' }))
    const waiting = runServer(['serve', '--config', file], { cwd: stage.folder })
    const waits = async () => (waiting.log().includes('does not answer yet') ? true : undefined)
    await eventually(waits, { what: 'a server that waits for its store' })
    waiting.signal('SIGHUP')
    const first = await Promise.race([waiting.ended, sleep(1500, 'still there')])
    waiting.signal('SIGKILL')
    expect(first).toBe('still there')
  } finally {
    await curfew.close()
  }
})
