/*
 * What every run-time must do, against the fake server. It imports the package by its name, as users do,
 * and nothing else, so that it runs wherever the package does: copied beside the packed tarball, or bundled.
 */
import { createVerifier, isVerifyError, untilEnd, type Verifier } from '@curfew/verifier'
import { curfew, problem } from '@curfew/verifier/fetch'

const audience = 'https://api.example.com'

/** Runs everything; answers the names of what passed. @throws Error what failed */
export async function runSuite(url: string): Promise<string[]> {
  const passed: string[] = []
  const lever = async (path: string): Promise<string> => await (await fetch(url + path)).text()
  const credentials = { clientId: 'satellite', clientSecret: 'secret' }
  const verifier = await createVerifier({
    issuer: url,
    audience,
    ...credentials,
    pullInterval: '1h',
  })
  try {
    for (const [name, check] of Object.entries(checks)) {
      await check({ verifier, lever })
      passed.push(name)
    }
  } finally {
    await verifier.close()
  }
  return passed
}

interface Scene {
  readonly verifier: Verifier
  lever(path: string): Promise<string>
}

const checks: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async 'verifies every algorithm'({ verifier, lever }) {
    for (const alg of ['ES256', 'EdDSA', 'RS256']) {
      const token = await lever(`/lever/token?alg=${alg}`)
      const session = await verifier.verify(token)
      must(Object.isFrozen(session) && session.roles[0] === 'pilot', alg)
      must(verifier.peek(`${token} `.trim()) === session, `peek ${alg}`)
    }
  },

  async 'refuses what is forged, expired or for another'({ verifier, lever }) {
    const good = await lever('/lever/token')
    const at = good.length - 20
    const forged = `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`
    must((await refusal(verifier, forged)) === 'bad_signature', 'forged')
    must((await refusal(verifier, await lever('/lever/token?lives=-5'))) === 'expired', 'expired')
    const other = await lever('/lever/token?aud=https://other.example.com')
    must((await refusal(verifier, other)) === 'wrong_audience', 'other')
    must((await refusal(verifier, '')) === 'missing', 'missing')
  },

  async 'the stream ends a session, its signal, and what was combined with it'({
    verifier,
    lever,
  }) {
    await eventually(() => verifier.metrics.streamOpen)
    const sid = newSid()
    const token = await lever(`/lever/token?sid=${sid}`)
    const session = await verifier.verify(token)
    const any = AbortSignal.any([session.signal, new AbortController().signal])
    const body = untilEnd(new ReadableStream(), session).getReader()
    await lever(`/lever/end?sid=${sid}`)
    await eventually(() => session.signal.aborted && any.aborted)
    must(isVerifyError(session.signal.reason) && session.signal.reason.code === 'ended', 'reason')
    must((await body.read()).done, 'body')
    must((await refusal(verifier, token)) === 'ended', 'ended')
  },

  async 'a hint is confirmed by the pull that it causes'({ verifier, lever }) {
    await lever('/lever/mute')
    const sid = newSid()
    const { denied } = verifier.status
    const token = await lever(`/lever/token?sid=${sid}`)
    const { signal } = await verifier.verify(token)
    verifier.hint(await lever(`/lever/end?sid=${sid}`))
    must((await refusal(verifier, token)) === 'ended', 'hinted')
    await eventually(() => signal.aborted)
    must(verifier.status.denied === denied + 1, 'denied')
  },

  async 'the adapter for Fetch answers 401 with a challenge'({ verifier, lever }) {
    const sessionOf = curfew(verifier, { roles: ['pilot'] })
    const ask = (headers: Record<string, string>) =>
      sessionOf(new Request('https://api.example.com/', { headers }))
    const answer = await ask({}).then(() => undefined, problem)
    must(answer?.status === 401 && answer.headers.get('www-authenticate') === 'Bearer', '401')
    const session = await ask({ authorization: `Bearer ${await lever('/lever/token')}` })
    must(session.sub === 'main:alice', 'session')
  },
}

function newSid(): string {
  return `0198c5f0-${crypto.randomUUID().slice(9)}`
}

async function refusal(verifier: Verifier, token: string): Promise<string> {
  return await verifier.verify(token).then(
    () => 'good',
    (error: unknown) => (isVerifyError(error) ? error.code : String(error)),
  )
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`it never came true: ${holds}`)
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`failed: ${what}`)
}
