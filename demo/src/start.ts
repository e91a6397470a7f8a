import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type DemoServer, startServer } from './server.ts'

/*
 * `npm start`: Curfew on its embedded store, and its main job on real input. Signs a user in through
 * POST /sessions, verifies the JWT with the published keys as any service would, ends the session,
 * and shows it dead in the feed. Then it stays for you to play with; Ctrl-C leaves nothing behind.
 */

interface Tokens {
  readonly sid: string
  readonly access_token: string
  readonly refresh_token: string
}

const server = await startServer()
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping) process.exit(1)
    stopping = true
    void server.stop().then(() => process.exit(0))
  })
}

try {
  await story(server)
  invite(server)
} catch (error) {
  await server.stop()
  throw error
}

async function story({ url, backendSecret, feedSecret }: DemoServer): Promise<void> {
  say(`Curfew runs on ${url}, with a throw-away SQLite store.\n`)

  const tokens = await startSession(url, backendSecret)
  say(`1. the backend has checked alice's password and starts a session   ${tokens.sid}`)

  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
  const { payload } = await jwtVerify(tokens.access_token, keys, { issuer: url, typ: 'at+jwt' })
  const seconds = (payload.exp ?? 0) - (payload.iat ?? 0)
  say(`2. a service verifies the JWT by itself: sub ${payload.sub}, good for ${seconds} s`)

  const out = await call(`${url}/logout`, { method: 'POST', bearer: tokens.access_token })
  say(`3. alice logs out: ${JSON.stringify(out.body)}`)

  const feed = await call(`${url}/sessions/revoked`, { basic: ['satellite-provider', feedSecret] })
  say(`4. the feed tells every verifier: ${JSON.stringify(feed.body)}`)

  const again = await call(`${url}/oauth/token`, {
    method: 'POST',
    basic: ['backend', backendSecret],
    form: { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
  })
  say(`5. her refresh token is dead too: ${again.status} ${JSON.stringify(again.body)}`)

  const live = await call(`${url}/sessions`, { bearer: tokens.access_token })
  say(`6. and so is her JWT at Curfew: ${live.status} ${JSON.stringify(live.body)}\n`)
}

function invite({ url, backendSecret, feedSecret }: DemoServer): void {
  say('Try it yourself:')
  say(
    `  curl -s -u backend:${backendSecret} -H 'content-type: application/json' \\\n` +
      `       -d '{"uid": "bob", "device": "web", "roles": ["pilot"]}' ${url}/sessions`,
  )
  say(`  curl -s -X POST -H 'authorization: Bearer ACCESS_TOKEN' ${url}/logout`)
  say(`  curl -s -N -u satellite-provider:${feedSecret} ${url}/sessions/revoked/stream`)
  say('\nCtrl-C ends everything and leaves nothing behind.')
}

async function startSession(url: string, secret: string): Promise<Tokens> {
  const answer = await call(`${url}/sessions`, {
    method: 'POST',
    basic: ['backend', secret],
    json: { uid: 'alice', device: 'app', device_name: "Alice's phone", roles: ['pilot'] },
  })
  if (answer.status !== 201) throw new Error(`POST /sessions: ${JSON.stringify(answer)}`)
  return answer.body as Tokens
}

interface Call {
  readonly method?: string
  readonly bearer?: string
  readonly basic?: readonly [string, string]
  readonly json?: unknown
  readonly form?: Record<string, string>
}

async function call(url: string, options: Call): Promise<{ status: number; body: unknown }> {
  const headers = new Headers()
  if (options.bearer !== undefined) headers.set('authorization', `Bearer ${options.bearer}`)
  if (options.basic !== undefined) {
    headers.set('authorization', `Basic ${Buffer.from(options.basic.join(':')).toString('base64')}`)
  }
  if (options.json !== undefined) headers.set('content-type', 'application/json')
  const body =
    options.form === undefined ? JSON.stringify(options.json) : new URLSearchParams(options.form)
  const response = await fetch(url, {
    method: options.method ?? 'GET',
    headers,
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, body: await response.json() }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
