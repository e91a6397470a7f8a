/* Attacks on the key ring (rules 12 to 14): each test states what must hold. */
import { expect, test } from 'vitest'
import {
  clients,
  eventually,
  freshUid,
  newSecret,
  runCommand,
  startCurfew,
} from '#test/harness/index.ts'

const delay = { keyActivationDelay: '0s' }

type Keys = { readonly secrets: readonly { readonly key_id: string; readonly held: boolean }[] }

async function listKeys(configFile: string, cwd: string): Promise<Keys> {
  const { stdout, stderr } = await runCommand(['--config', configFile, 'keys', 'list', '--json'], {
    cwd,
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Keys
}

test('rule 14 key ring: a retired secret stays retired when a replica that still has it starts', async () => {
  const stolen = newSecret()
  const fresh = newSecret()
  const first = await startCurfew({ store: 'sqlite', config: { secrets: [stolen], tokens: delay } })
  try {
    const login = await first.api.start({ uid: freshUid(), device: 'web' })
    await first.stop()
    const clean = await first.restart({ config: { secrets: [fresh] } })
    const { secrets } = await listKeys(clean.configFile, clean.stage.folder)
    const old = secrets.find(({ held }) => !held)?.key_id ?? ''
    const retired = await runCommand(['--config', clean.configFile, 'keys', 'retire', old], {
      cwd: clean.stage.folder,
    })
    expect(retired.code, retired.stderr).toBe(0)
    const said = await clean.api.get('/admin/audit', {
      as: clients.operator,
      query: { target: old },
    })
    expect(said.items).toMatchObject([{ actor: 'shell', action: 'secret_retired' }])
    // Until it has heard of it, it lacks a secret that is listed: 503.
    const refused = async () => {
      const { status } = await clean.api.get('/sessions', { as: login.sessionToken })
      return status === 401 ? true : undefined
    }
    await eventually(refused, { what: 'the retired secret is refused' })
    await clean.stop()
    // A replica that nobody has cleaned up: it has both.
    const careless = await clean.restart({ config: { secrets: [fresh, stolen] } })
    expect(await careless.api.works(login.sessionToken)).toBe(false)
    expect((await careless.api.refresh(login.refreshToken)).status).toBe(400)
  } finally {
    await first.close()
  }
})

test('rule 14 key ring: a join on a replica that lacks a listed secret kills no session token', async () => {
  const old = newSecret()
  const fresh = newSecret()
  const first = await startCurfew({ store: 'sqlite', config: { secrets: [old], tokens: delay } })
  try {
    await first.stop()
    const rolled = await first.restart({ config: { secrets: [fresh, old] } })
    const uid = freshUid()
    const login = await rolled.api.start({ uid, device: 'pc' })
    expect(await rolled.api.works(login.sessionToken)).toBe(true)
    await rolled.stop()
    const behind = await rolled.restart({ config: { secrets: [old] } })
    // 503 and an alarm, or a join that leaves the token alone: either is fine.
    const joined = await behind.api.tryStart({ uid, device: 'pc' })
    await behind.stop()
    const again = await behind.restart({ config: { secrets: [fresh, old] } })
    expect(await again.api.works(login.sessionToken), `the join answered ${joined.brief}`).toBe(
      true,
    )
  } finally {
    await first.close()
  }
})

test('keys: a load that failed once is tried again', async () => {
  const a = newSecret()
  const b = newSecret()
  const first = await startCurfew({ store: 'sqlite', config: { secrets: [a], tokens: delay } })
  try {
    const login = await first.api.start({ uid: freshUid(), device: 'web' })
    await first.stop()
    const server = await first.restart({ config: { secrets: [b, a] } })
    const { secrets } = await listKeys(server.configFile, server.stage.folder)
    expect(secrets.length).toBe(2)
    expect(await server.api.works(login.sessionToken)).toBe(true)
    // The store answers the tail, and for a moment not the question about key ids.
    await server.stage.execute('alter table key_ids rename to key_ids_away')
    await server.stage.execute('update feed_head set keys_version = keys_version + 1')
    const seen = async () => (server.log().includes('keys could not be loaded') ? true : undefined)
    await eventually(seen, { what: 'the failed load' })
    const idOfA = Object.values(
      (await server.stage.execute('select key_id from key_ids_away order by activates_at'))[0] ??
        {},
    )[0]
    await server.stage.execute(`delete from key_ids_away where key_id = '${String(idOfA)}'`)
    await server.stage.execute('alter table key_ids_away rename to key_ids')
    const refused = async () => ((await server.api.works(login.sessionToken)) ? undefined : true)
    await eventually(refused, { what: 'the retired secret is refused here too' })
  } finally {
    await first.close()
  }
})

test('keys: the secret of a signing key can be taken out, and the next key was published before it signs', async () => {
  const old = newSecret()
  const fresh = newSecret()
  const tokens = { keyActivationDelay: '1s' }
  const first = await startCurfew({ store: 'sqlite', config: { secrets: [old], tokens } })
  try {
    await first.stop()
    // By the book: both for longer than the delay and a turn of the housekeeping, then the new one alone.
    const both = await first.restart({ config: { secrets: [fresh, old] } })
    const published = async () => {
      const { body } = await both.api.get('/.well-known/jwks.json')
      return (body['keys'] as readonly { kid: string }[]).map(({ kid }) => kid)
    }
    const successor = async () => ((await published()).length > 1 ? true : undefined)
    await eventually(successor, { withinMs: 70_000, everyMs: 500 }).catch(() => undefined)
    const before = await published()
    await both.stop()
    const alone = await both.restart({ config: { secrets: [fresh] } })
    const { accessToken } = await alone.api.start({ uid: freshUid(), device: 'web' })
    const header = Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()
    expect(before, 'what verifiers know').toContain(JSON.parse(header).kid)
  } finally {
    await first.close()
  }
}, 120_000)
