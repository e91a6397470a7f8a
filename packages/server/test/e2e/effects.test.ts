/* What webhooks hear of starts and ends, and that nothing they do reaches whoever signs out (API.md, section 5). */
import { describe, expect, test } from 'vitest'
import { endsOf, startReceiver, webhookOf } from '#test/effects/receiver.ts'
import {
  type Curfew,
  clients,
  freshUid,
  type JsonObject,
  runCommand,
  stores,
  withCurfew,
} from '#test/harness/index.ts'

const soon = { timeout: 20_000 }
/** With several commands, each a process of its own. */
const testMsMax = 180_000

async function counter({ api }: Curfew, line: string): Promise<number> {
  const { text } = await api.get('/metrics')
  const found = text.split('\n').find((one) => one.startsWith(`${line} `))
  return Number(found?.slice(line.length))
}

const gaveUp = (curfew: Curfew) => counter(curfew, 'curfew_logout_total{result="kick_fail"}')
const failed = (curfew: Curfew) =>
  counter(curfew, 'curfew_effects_total{kind="webhook",result="failed"}')

/** `curfew effects …`, as an operator at a shell beside the server. */
async function effects(curfew: Curfew, ...args: readonly string[]): Promise<JsonObject> {
  const command = ['--config', curfew.configFile, 'effects', ...args, '--json']
  const { code, stdout, stderr } = await runCommand(command, {
    cwd: curfew.stage.folder,
    env: { NODE_ENV: 'test', CURFEW_TEST_CLOCK_FILE: curfew.stage.clockFile },
  })
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

describe.each(stores)('webhooks on %s', (store) => {
  test('a start and an end are told in order, signed, with who ended it and why', async () => {
    const receiver = await startReceiver()
    await withCurfew({ store, config: { webhooks: [webhookOf(receiver)] } }, async (curfew) => {
      const { api } = curfew
      const login = await api.start({ uid: freshUid(), device: 'web', device_name: 'a phone' })
      const body = { reason: 'stolen_phone' }
      const path = `/sessions/${login.sid}/revoke`
      expect((await api.post(path, { as: clients.operator, json: body })).status).toBe(200)
      await expect
        .poll(() => receiver.taken.map(({ type }) => type), soon)
        .toEqual(['session.started', 'session.ended'])
      const [began, ended] = receiver.taken
      expect(began?.data).toMatchObject({ uid: login.uid, device: 'web', revoked_at: null })
      expect(ended?.data).toMatchObject({
        sid: login.sid,
        uid: login.uid,
        device_name: 'a phone',
        revoked_reason: 'stolen_phone',
        revoked_by_user_id: 'client:operator',
      })
      const text = JSON.stringify(receiver.taken)
      for (const token of [login.accessToken, login.refreshToken, login.sessionToken]) {
        expect(text).not.toContain(token)
      }
      expect(receiver.forged).toEqual([])
    })
  })

  test('every way of ending is told: superseded, everywhere, at the command line', async () => {
    const receiver = await startReceiver()
    const webhooks = [webhookOf(receiver, ['session.ended'])]
    await withCurfew({ store, config: { webhooks } }, async (curfew) => {
      const { api, configFile } = curfew
      const uid = freshUid()
      const first = await api.start({ uid, device: 'app' })
      const second = await api.start({ uid, device: 'app' })
      const web = await api.start({ uid, device: 'web' })
      await api.post('/logout/others', { as: web.accessToken })
      const revoke = ['--config', configFile, 'sessions', 'revoke', web.sid]
      expect((await runCommand(revoke, { cwd: curfew.stage.folder })).code).toBe(0)
      await expect
        .poll(() => receiver.taken.map(({ sid, data }) => [sid, data['revoked_reason']]), soon)
        .toEqual([
          [first.sid, 'superseded'],
          [second.sid, 'user_logout_others'],
          [web.sid, 'admin_revoke'],
        ])
    })
  })

  test('scenario S43: with receivers that hang or are gone a logout is answered at once, and told when they are back', async () => {
    const [hanging, gone, well] = [
      await startReceiver(),
      await startReceiver(),
      await startReceiver(),
    ]
    hanging.manners = 'hang'
    gone.manners = 'cut'
    const webhooks = [hanging, gone, well].map((one) => webhookOf(one, ['session.ended']))
    await withCurfew({ store, config: { webhooks } }, async (curfew) => {
      const { api } = curfew
      const logins = await Promise.all(
        Array.from({ length: 30 }, () => api.start({ uid: freshUid(), device: 'web' })),
      )
      for (const { accessToken } of logins) {
        const answer = await api.logout(accessToken)
        expect(answer.body).toMatchObject({ revoked: true })
        expect(await api.works(accessToken)).toBe(false)
      }
      // The well one heard of all of them while the hanging one has answered nothing yet.
      await expect.poll(() => well.taken.length, soon).toBe(30)
      expect(hanging.taken).toEqual([])
      await expect.poll(() => failed(curfew), soon).toBeGreaterThan(0)
      gone.manners = 200
      await expect.poll(() => new Set(gone.taken.map(({ id }) => id)).size, soon).toBe(30)
      expect(await gaveUp(curfew)).toBe(0)
      await curfew.kill()
    })
  })

  test(
    'a receiver that redirects, has errors or speaks no HTTP is tried again, then given up, and once more at the operator’s word',
    async () => {
      const kinds = [
        [302, 'status 302'],
        [500, 'status 500'],
        ['garbage', 'no answer: HPE'],
      ] as const
      const receivers = await Promise.all(kinds.map(() => startReceiver()))
      for (const [at, [manners]] of kinds.entries()) Object.assign(receivers[at] ?? {}, { manners })
      const webhooks = receivers.map((one) => webhookOf(one, ['session.ended']))
      const config = { webhooks, effects: { giveUpAfter: '1s' } }
      await withCurfew({ store, config }, async (curfew) => {
        const { api } = curfew
        const { accessToken, sid } = await api.start({ uid: freshUid(), device: 'web' })
        expect((await api.logout(accessToken)).status).toBe(200)
        await expect.poll(() => gaveUp(curfew), soon).toBe(3)
        const { items } = await effects(curfew, 'list', '--state', 'given-up')
        const listed = items as readonly JsonObject[]
        expect(listed.map(({ sid: of, event }) => [of, event])).toEqual(
          kinds.map(() => [sid, 'session.ended']),
        )
        const errors = listed.map((item) => String(item['last_error']))
        const expected = kinds.map(([, why]) => expect.stringContaining(why))
        expect(errors).toEqual(expect.arrayContaining(expected))
        expect(JSON.stringify(items)).not.toContain('/hooks/')
        for (const receiver of receivers) receiver.manners = 204
        expect(await effects(curfew, 'retry', String(listed[0]?.['id']))).toEqual({ retried: 1 })
        expect(await effects(curfew, 'retry', '--all')).toMatchObject({
          retried: expect.any(Number),
        })
        for (const { taken, forged } of receivers) {
          await expect.poll(() => endsOf(taken, sid), soon).toEqual([`msg_${sid}_ended`])
          expect(forged).toEqual([])
        }
        const rows = () => curfew.stage.execute('select id from outbox')
        await expect.poll(rows, soon).toEqual([])
      })
    },
    testMsMax,
  )

  test('410 Gone is given up at once', async () => {
    const receiver = await startReceiver()
    receiver.manners = 410
    const webhooks = [webhookOf(receiver, ['session.ended'])]
    await withCurfew({ store, config: { webhooks } }, async (curfew) => {
      const { api } = curfew
      await api.logout((await api.start({ uid: freshUid(), device: 'web' })).accessToken)
      await expect.poll(() => gaveUp(curfew), soon).toBe(1)
      expect(receiver.got).toHaveLength(1)
    })
  })

  test('a server that stops finishes what is under way, and the next one does the rest', async () => {
    const receiver = await startReceiver()
    const webhooks = [webhookOf(receiver, ['session.ended'])]
    await withCurfew({ store, config: { webhooks } }, async (curfew) => {
      const { api } = curfew
      const logins = await Promise.all(
        Array.from({ length: 40 }, () => api.start({ uid: freshUid(), device: 'web' })),
      )
      await Promise.all(logins.map(({ accessToken }) => api.logout(accessToken)))
      expect((await curfew.stop()).code).toBe(0)
      await curfew.restart()
      await expect.poll(() => new Set(receiver.taken.map(({ id }) => id)).size, soon).toBe(40)
      expect(receiver.taken).toHaveLength(40)
    })
  })

  test('curfew check names the webhooks and sends them nothing', async () => {
    const receiver = await startReceiver()
    await withCurfew({ store, config: { webhooks: [webhookOf(receiver)] } }, async (curfew) => {
      const { code, stdout } = await runCommand(['check', '--config', curfew.configFile], {
        cwd: curfew.stage.folder,
      })
      expect(code).toBe(0)
      expect(stdout).toContain(`the webhook at ${new URL(receiver.url).host}`)
      expect(receiver.got).toEqual([])
    })
  })
})
