/* `npm start`, as somebody meets it who has just cloned the repository. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { DemoProcess, type Places } from './demo-process.ts'
import { type Answer, Visitor } from './visitor.ts'

/** A bound for what starts programs, on a machine that has much else to do. */
const busyMs = 180_000

function started(command?: readonly [string, ...string[]]): DemoProcess {
  const demo = new DemoProcess(command)
  onTestFinished(() => demo.clear())
  return demo
}

/** From the application's page to the application's page. */
async function signIn({ application }: Places, visitor: Visitor, person: string): Promise<Answer> {
  const page = await visitor.open(application)
  return visitor.open(page.url, { form: { person } })
}

describe('what there is to try', () => {
  let demo: DemoProcess
  let places: Places

  beforeAll(async () => {
    demo = new DemoProcess()
    places = await demo.ready()
  }, busyMs)

  afterAll(() => demo.clear())

  const ping = (visitor: Visitor, headers: Record<string, string> = {}) =>
    visitor.ask(`${places.application}/api/ping`, {
      headers: { accept: 'application/json', ...headers },
    })

  /** What the command in the output does, on machines without curl too. */
  async function revoke(): Promise<void> {
    const { credentials, url } = places.revoke
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    const answer = await fetch(url, { method: 'POST', headers: { authorization } })
    expect(answer.status).toBe(200)
  }

  test('the output names the parts, the users and what to try, and nothing else', () => {
    expect(demo.stderr).toBe('')
    expect(demo.stdout).toContain('alice (pilot) · bob (no role) · carol (ops, admin)')
    for (const number of [1, 2, 3]) expect(demo.stdout).toMatch(new RegExp(`^ +${number}\\. `, 'm'))
  })

  test('alice signs in by one click, and the application knows her from the headers alone', async () => {
    const alice = new Visitor()
    const page = await signIn(places, alice, 'alice')
    expect(page).toMatchObject({ status: 200, url: `${places.application}/` })
    expect(page.body).toContain('Hello, Alice Moreau')
    expect(page.body).toContain('alice@example.com')
    const cookie = alice.cookie(places.application, 'curfew') ?? ''
    expect(cookie).not.toBe('')
    expect(page.body).not.toContain(cookie)
    const forged = await ping(alice, { 'x-auth-request-user': 'carol' })
    expect(JSON.parse(forged.body)).toMatchObject({ user: 'alice' })
    expect((await alice.open(`${places.application}/admin`)).status).toBe(403)
    const carol = new Visitor()
    await signIn(places, carol, 'carol')
    expect((await carol.open(`${places.application}/admin`)).status).toBe(200)
  })

  test('the command in the output ends her sessions, and the next request is 401', async () => {
    const alice = new Visitor()
    await signIn(places, alice, 'alice')
    expect((await ping(alice)).status).toBe(200)
    await revoke()
    const over = await ping(alice)
    expect(over.status).toBe(401)
    expect(JSON.parse(over.body)).toMatchObject({ revoked_reason: 'admin_revoke' })
  })

  test('the API verifies what the proxy passes on, and its stream stops when the session ends', async () => {
    const alice = new Visitor()
    await signIn(places, alice, 'alice')
    const missions = `${places.application}/missions`
    const post = { form: {}, headers: { accept: 'application/json' } }
    const started = await alice.ask(missions, post)
    expect(started.status).toBe(201)
    const { id } = JSON.parse(started.body) as { id: string }
    // No token, and a cookie in its place: the API itself knows neither.
    const cookie = `curfew=${alice.cookie(places.application, 'curfew')}`
    const direct = await fetch(`${places.api}/missions`, { method: 'POST', headers: { cookie } })
    expect(direct.status).toBe(401)
    const bob = new Visitor()
    await signIn(places, bob, 'bob')
    expect((await bob.ask(missions, post)).status).toBe(403)
    // It is told until its end, and its end comes by the revocation alone.
    const stream = await fetch(`${missions}/${id}/events`, {
      headers: { cookie, accept: 'text/event-stream' },
    })
    await revoke()
    const events = await stream.text()
    expect(events).toMatch(/^event: telemetry\ndata: {"seconds":\d+,"east":/)
    expect(events).toMatch(/event: session-ended\ndata: {"code":"ended"}\n\n$/)
    expect((await alice.ask(missions, post)).status).toBe(401)
  })

  test('Ctrl-C ends everything and leaves nothing behind', async () => {
    expect(demo.curfewPids()).toHaveLength(1)
    // A sign-out, revocations at the provider, and whatever else has happened: no part complained.
    expect(demo.stderr).toBe('')
    demo.signal('SIGINT')
    expect(await demo.exitCode()).toBe(0)
    expect(demo.curfewPids()).toEqual([])
    expect(demo.leftBehind()).toEqual([])
    for (const url of [places.application, places.provider, places.curfew, places.api]) {
      await expect(fetch(url)).rejects.toThrow()
    }
  })
})

const directly = [process.execPath, 'demo/src/start.ts'] as const

test(
  'a second one takes other ports, and a part that dies ends its demo with its last words',
  async () => {
    const one = started(directly)
    const here = await one.ready()
    const other = started(directly)
    const there = await other.ready()
    for (const part of ['application', 'provider', 'curfew', 'api'] as const) {
      expect(here[part]).not.toBe(there[part])
    }
    const [pid = 0] = one.curfewPids()
    process.kill(pid, 'SIGKILL')
    expect(await one.exitCode()).toBe(1)
    expect(one.stderr).toContain('Curfew has ended, and with it the demo.')
    other.signal('SIGTERM')
    other.signal('SIGINT')
    expect(await other.exitCode()).toBe(0)
    for (const demo of [one, other]) {
      expect(demo.curfewPids()).toEqual([])
      expect(demo.leftBehind()).toEqual([])
    }
  },
  busyMs,
)
