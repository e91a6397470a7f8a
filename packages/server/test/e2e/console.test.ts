/* What an administrator's console is shown of the whole system, over all replicas. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { startReceiver, webhookOf } from '#test/effects/receiver.ts'
import {
  type Api,
  asList,
  asObject,
  type Curfew,
  clients,
  type EventStream,
  freshUid,
  type JsonObject,
  runCommand,
  stores,
  withCurfew,
} from '#test/harness/index.ts'

const soon = { timeout: 20_000 }
/** Two servers, and a command, each a process of its own. */
const testMsMax = 180_000

async function seen(api: Api, path: string): Promise<JsonObject> {
  const answer = await api.get(path, { as: clients.operator })
  if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.brief}`)
  return answer.body
}

const listOf = (body: JsonObject, name: string) => asList(body[name]).map((one) => asObject(one))

/** `curfew … --json`, as an operator at a shell beside the server. */
async function command(curfew: Curfew, ...args: readonly string[]): Promise<JsonObject> {
  const { code, stdout, stderr } = await runCommand(
    ['--config', curfew.configFile, ...args, '--json'],
    { cwd: curfew.stage.folder },
  )
  if (code !== 0) throw new Error(stderr)
  return asObject(JSON.parse(stdout))
}

/** The next event of that session. */
async function told(events: EventStream, sid: string): Promise<JsonObject> {
  for (;;) {
    const event = await events.next(20_000)
    if (event === undefined) throw new Error('the stream ended')
    if (event.event !== 'session') continue
    const item = asObject(JSON.parse(event.data))
    if (item['sid'] === sid) return item
  }
}

async function elsewhere(store: string, curfew: Curfew): Promise<Curfew> {
  return store === 'postgres' ? curfew.twin() : curfew
}

describe.each(stores)('a console on %s', (store) => {
  test(
    'hears of sessions at another replica, finds them, and sees who follows and how much happens',
    async () => {
      await withCurfew({ store }, async (curfew) => {
        const { api } = curfew
        const other = (await elsewhere(store, curfew)).api
        const events = await api.adminEvents()
        onTestFinished(() => events.close())
        expect(events.status).toBe(200)

        // A start.
        const login = await other.start({
          uid: freshUid('console'),
          device: 'web',
          ip: '192.0.2.99',
        })
        const { sid, uid } = login
        const [item] = listOf(await seen(api, `/admin/sessions?search=${sid}`), 'items')
        expect(await told(events, sid)).toEqual(item)

        // A search.
        const find = async (search: string) =>
          listOf(await seen(api, `/admin/sessions?${new URLSearchParams({ search })}`), 'items')
        for (const search of [uid, uid.slice(0, -1), sid, '192.0.2.99']) {
          expect(
            (await find(search)).map((one) => one['sid']),
            search,
          ).toEqual([sid])
        }
        expect(await find(uid.slice(1))).toEqual([])

        // An end, after a use from another address.
        await other.refreshed(login)
        expect((await other.logout(login.sessionToken)).status).toBe(200)
        expect(await told(events, sid)).toMatchObject({ sid, revoked_reason: 'user_logout' })

        // Who follows: as many replicas as there are, and the verifiers that read.
        const stream = await other.feedStream()
        onTestFinished(() => stream.close())
        expect((await api.feed({}, clients.operator)).status).toBe(200)
        const replicas = store === 'postgres' ? 2 : 1
        const kinds = async () => {
          const body = await seen(api, '/admin/followers')
          const reading = listOf(body, 'verifiers').map(({ via, behind }) => `${via} ${behind}`)
          const behind = listOf(body, 'replicas').map((one) => [one['ready'], one['behind']])
          return { reading: [...new Set(reading)].toSorted(), behind }
        }
        const expected = {
          reading: ['pull 0', 'stream 0'],
          behind: Array.from({ length: replicas }, () => [true, 0]),
        }
        await expect.poll(kinds, soon).toEqual(expected)
        const followers = JSON.stringify(await seen(api, '/admin/followers'))
        expect(followers).not.toContain(sid)
        expect(followers).not.toContain(uid)

        // How much: counted once each, whoever asks.
        const sums = async () => {
          const { items } = await seen(other, '/admin/activity?minutes=60')
          const steps = asList(items).map((one) => asObject(one))
          const sum = (name: string) => steps.reduce((all, one) => all + Number(one[name]), 0)
          const logouts = steps.map((one) => Number(asObject(one['reasons'])['user_logout'] ?? 0))
          const left = logouts.reduce((all, one) => all + one, 0)
          return [steps.length, sum('refreshed'), sum('ended'), left]
        }
        await expect.poll(sums, soon).toEqual([60, 1, 1, 1])
        const overview = await seen(api, '/admin/overview')
        expect(overview).toMatchObject({ ended_last_hour: 1, effects_given_up: 0 })
        expect(Number(overview['started_last_hour'])).toBeGreaterThanOrEqual(1)
      })
    },
    testMsMax,
  )

  test(
    'says of effects and keys what the shell says, tries again and rotates',
    async () => {
      const receiver = await startReceiver()
      receiver.manners = 500
      const config = { webhooks: [webhookOf(receiver)], effects: { giveUpAfter: '1s' } }
      await withCurfew({ store, config }, async (curfew) => {
        const { api } = curfew
        const { sid } = await api.start({ uid: freshUid(), device: 'web' })
        const states = async () =>
          listOf(await seen(api, '/admin/effects?state=given-up'), 'items').map((one) => one['sid'])
        await expect.poll(states, soon).toEqual([sid])
        const effects = await seen(api, '/admin/effects')
        expect(effects).toEqual(await command(curfew, 'effects', 'list'))
        expect(listOf(effects, 'items')).toMatchObject([{ target_name: expect.any(String) }])
        receiver.manners = 204
        const ids = listOf(effects, 'items').map((one) => one['id'])
        const retry = { as: clients.operator, json: { ids } }
        expect((await api.post('/admin/effects/retry', retry)).body).toEqual({ retried: 1 })
        await expect.poll(states, soon).toEqual([])
        await expect.poll(() => receiver.taken.length, soon).toBe(1)

        const rotated = await api.post('/admin/keys/rotate', { as: clients.operator, json: {} })
        expect(rotated.status, rotated.text).toBe(200)
        const keys = await seen(api, '/admin/keys')
        expect(keys).toEqual(await command(curfew, 'keys', 'list'))
        expect(listOf(keys, 'signing_keys')).toMatchObject([
          { kid: rotated.body['kid'], state: 'published' },
          { state: 'signing' },
        ])
      })
    },
    testMsMax,
  )
})
