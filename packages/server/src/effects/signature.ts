import { createHmac } from 'node:crypto'
import type { Secret } from '#domain'

const base64Prefix = 'whsec_'

export interface SignedParts {
  readonly id: string
  /** In seconds. */
  readonly timestamp: number
  readonly body: string
}

/** The `webhook-signature` of Standard Webhooks: one for each secret, so that a receiver may hold either. */
export function signatureOf(
  secrets: readonly Secret[],
  { id, timestamp, body }: SignedParts,
): string {
  const signed = `${id}.${timestamp}.${body}`
  return secrets
    .map((secret) => createHmac('sha256', keyOf(secret)).update(signed).digest('base64'))
    .map((digest) => `v1,${digest}`)
    .join(' ')
}

/** `whsec_` and base64 as the specification has it; any other text is the key as it stands. */
function keyOf(secret: Secret): Buffer {
  const text = secret.reveal()
  return text.startsWith(base64Prefix)
    ? Buffer.from(text.slice(base64Prefix.length), 'base64')
    : Buffer.from(text, 'utf8')
}
