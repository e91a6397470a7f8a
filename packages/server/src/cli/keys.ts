import type { KeyId } from '#domain'
import { keysJson, rotateAct, rotatedJson } from '#http'
import type { House } from '../main.ts'
import { CommandFailed, type Io, print, table, when } from './io.ts'

/** `curfew keys list`: signing keys, and the secrets by their ids. */
export async function listKeys(io: Io, house: House, json: boolean): Promise<void> {
  const keys = await keysJson(house, house.clock.now())
  const lines = [
    ...table(
      ['SIGNING KEY', 'ALGORITHM', 'STATE', 'SIGNS FROM'],
      keys.signing_keys.map((key) => [
        key.kid,
        key.algorithm,
        key.state,
        when(key.activates_at * 1000),
      ]),
    ),
    '',
    ...table(
      ['SECRET', 'IN THIS CONFIGURATION', 'DERIVES NEW TOKENS', 'FROM'],
      keys.secrets.map((secret) => [
        secret.key_id,
        secret.held ? 'yes' : 'no',
        secret.current ? 'yes' : 'no',
        when(secret.activates_at * 1000),
      ]),
    ),
  ]
  print(io, json, keys, lines)
}

/** `curfew keys rotate`: published at once, signs after the delay, or at once with `--now`. */
export async function rotateKeys(
  io: Io,
  house: House,
  options: { readonly now: boolean; readonly json: boolean },
): Promise<void> {
  await house.authority.record(null, rotateAct(options))
  const rotated = await rotatedJson(house, options)
  const { kid, activates_at: at } = rotated
  const from = at === null ? 'soon' : `from ${when(at * 1000)} UTC`
  print(io, options.json, rotated, [`${kid} is published and signs ${from}`])
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
  const { secrets } = await keysJson(house, house.clock.now())
  if (!secrets.some((secret) => secret.key_id === options.keyId)) {
    throw new CommandFailed(`no secret ${options.keyId} is listed`)
  }
  const act = { action: 'secret_retired', target: options.keyId, detail: {} } as const
  await house.authority.record(null, act)
  await house.store.retireKeyId(options.keyId as KeyId)
  print(io, options.json, { key_id: options.keyId, retired: true }, [
    `${options.keyId} is retired: tokens that it derived are refused from now on`,
  ])
}
