import type { Config, IdentityProviderConfig } from '#config'
import { instant } from '#domain'
import { type ProviderTrial, tryProvider } from '#oidc'
import type { Tried } from './check.ts'
import type { Io } from './io.ts'

/** What was found of an identity provider and what to register there, or what is wrong and the remedy. */
export async function checkProvider(
  io: Io,
  { server }: Config,
  settings: IdentityProviderConfig,
): Promise<Tried> {
  const what = `the identity provider ${settings.id}`
  const clock = { now: () => instant(Date.now()) }
  const trial = await tryProvider({ settings, proxyEnv: io.env, clock })
  if (trial.kind === 'faulty') return { what, problem: `${trial.problem}; ${trial.fix}` }
  const notes = notesOf(trial, server.publicUrl).map((note) => `${settings.id}: ${note}`)
  return { what: `${what}: found as ${trial.issuer}`, problem: null, notes }
}

type Found = Extract<ProviderTrial, { kind: 'found' }>

function notesOf({ lacks }: Found, publicUrl: string): readonly string[] {
  const backChannel = `${publicUrl}/oidc/backchannel-logout`
  const announced = !lacks.includes('backchannel_logout_supported')
  return [
    `register there as redirect URI ${publicUrl}/oidc/callback`,
    announced
      ? `register there as back-channel logout URI ${backChannel}`
      : `it announces no back-channel logout; if it has one, its URI is ${backChannel}`,
    ...lacks.flatMap((name) => (name === 'backchannel_logout_supported' ? [] : [lackOf[name]])),
  ]
}

const lackOf: Readonly<
  Record<Exclude<Found['lacks'][number], 'backchannel_logout_supported'>, string>
> = {
  end_session_endpoint:
    'it has no end_session_endpoint, so who signs out here stays signed in there',
  revocation_endpoint:
    'it has no revocation_endpoint, so its tokens are not handed back when a session ends',
  jwks_uri: 'it publishes no keys, so what it signs cannot be verified',
}
