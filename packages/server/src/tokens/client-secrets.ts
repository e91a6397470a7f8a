import {
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { ClientId, Secret } from '#domain'

/** A client has one secret, or two while it rotates (rule 18). */
export const secretsPerClientMax = 2

export interface ClientWithSecrets {
  readonly id: ClientId
  readonly secrets: readonly Secret[]
}

export interface ClientSecrets {
  /** False for a wrong secret, an unknown client and a client without secret, in the same time. */
  matches(client: ClientId, presented: Secret): boolean
}

/**
 * Compares client secrets without telling by time how much of one was right, whether the client
 * exists, or which of its secrets it was: every call computes one digest and makes two comparisons.
 *
 * @throws Error when a client has an empty secret, or more than `secretsPerClientMax`
 */
export function createClientSecrets(clients: readonly ClientWithSecrets[]): ClientSecrets {
  const key = createSecretKey(randomBytes(32))
  const digests = new Map(clients.map((client) => [client.id, slots(key, client)]))
  const nobody = [randomBytes(32), randomBytes(32)]
  return {
    matches(client: ClientId, presented: Secret): boolean {
      const given = digest(key, presented)
      const expected = digests.get(client) ?? nobody
      let matching = 0
      for (const slot of expected) matching += Number(timingSafeEqual(slot, given))
      return matching > 0
    },
  }
}

/** Always two: what is lacking is filled with random bytes, which no presented secret can match. */
function slots(key: KeyObject, client: ClientWithSecrets): readonly Buffer[] {
  if (client.secrets.length > secretsPerClientMax) {
    throw new Error(
      `client ${client.id} has more than ${secretsPerClientMax} secrets; remove the oldest`,
    )
  }
  if (client.secrets.some((secret) => secret.reveal() === '')) {
    throw new Error(`client ${client.id} has an empty secret; leave it out or give it a value`)
  }
  const own = client.secrets.map((secret) => digest(key, secret))
  const missing = secretsPerClientMax - own.length
  return [...own, ...Array.from({ length: missing }, () => randomBytes(32))]
}

/** Under a key of this process: the digests in memory are of no use to whoever reads them. */
function digest(key: KeyObject, secret: Secret): Buffer {
  return createHmac('sha256', key).update(secret.reveal()).digest()
}
