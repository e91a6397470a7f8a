import type { KeyId } from '#domain'
import type { House } from '../main.ts'
import { CommandFailed, type Io, print, table, when } from './io.ts'

/** `curfew keys list`: signing keys, and the secrets by their ids. */
export async function listKeys(io: Io, house: House, json: boolean): Promise<void> {
  const now = house.clock.now()
  const current = house.signingKeys.current(now).kid
  const signing = house.signingKeys.all().map((key) => ({
    kid: key.kid,
    algorithm: key.algorithm,
    state: key.kid === current ? 'signing' : key.activatesAt > now ? 'published' : 'replaced',
    created_at: Math.floor(key.createdAt / 1000),
    activates_at: Math.floor(key.activatesAt / 1000),
  }))
  const listed = await house.store.keyIds()
  const secrets = listed.map(({ keyId, activatesAt }) => ({
    key_id: keyId,
    held: house.ring.holds(keyId),
    current: house.ring.current(now) === keyId,
    activates_at: Math.floor(activatesAt / 1000),
  }))
  const lines = [
    ...table(
      ['SIGNING KEY', 'ALGORITHM', 'STATE', 'SIGNS FROM'],
      signing.map((key) => [key.kid, key.algorithm, key.state, when(key.activates_at * 1000)]),
    ),
    '',
    ...table(
      ['SECRET', 'IN THIS CONFIGURATION', 'DERIVES NEW TOKENS', 'FROM'],
      secrets.map((secret) => [
        secret.key_id,
        secret.held ? 'yes' : 'no',
        secret.current ? 'yes' : 'no',
        when(secret.activates_at * 1000),
      ]),
    ),
  ]
  print(io, json, { signing_keys: signing, secrets }, lines)
}

/** `curfew keys rotate`: published at once, signs after the delay, or at once with `--now`. */
export async function rotateKeys(
  io: Io,
  house: House,
  options: { readonly now: boolean; readonly json: boolean },
): Promise<void> {
  const { now } = options
  await house.authority.record(null, { action: 'keys_rotated', target: null, detail: { now } })
  const kid = await house.signingKeys.rotate({ now: options.now })
  const key = house.signingKeys.byKid(kid)
  const from = key === undefined ? 'soon' : `from ${when(key.activatesAt)} UTC`
  print(io, options.json, { kid }, [`${kid} is published and signs ${from}`])
}

/** `curfew keys retire KEY-ID`: for a secret that is no longer in any configuration, or was stolen. */
export async function retireSecret(
  io: Io,
  house: House,
  options: { readonly keyId: string; readonly json: boolean },
): Promise<void> {
  if (house.ring.ids.includes(options.keyId as KeyId)) {
    throw new CommandFailed(
      `the secret ${options.keyId} still stands in \`secrets\`; remove it there first, on every replica`,
    )
  }
  const result = await house.store.retireKeyId(options.keyId as KeyId)
  if (result === 'unknown') throw new CommandFailed(`no secret ${options.keyId} is listed`)
  print(io, options.json, { key_id: options.keyId, retired: true }, [
    `${options.keyId} is retired: tokens that it derived are refused from now on`,
  ])
}
