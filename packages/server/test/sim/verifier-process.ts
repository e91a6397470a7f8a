/* A service far away: the SDK in a process of its own, which is asked about tokens by messages. */
import { createVerifier, isVerifyError } from '@curfew/verifier'
import { redisPush } from '@curfew/verifier/redis'
import { createClient } from 'redis'

/** The first message: what to follow. */
export type Orders = {
  readonly issuer: string
  readonly url: string
  readonly audience: string
  readonly clientId: string
  readonly clientSecret: string
  readonly pullInterval: `${number}ms`
  readonly maxStaleness: `${number}ms`
  /** Without it, it reads the stream. */
  readonly redisUrl: string | undefined
}

/** The next ones: is this token good? */
export type Question = { readonly id: number; readonly token: string }
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'verdict'; readonly id: number; readonly code: string }
  | { readonly kind: 'ended'; readonly sid: string }

process.once('message', (orders: Orders) => void follow(orders))
// Whoever asked is gone.
process.once('disconnect', () => process.exit(0))

async function follow({ redisUrl, ...options }: Orders): Promise<void> {
  const verifier = await createVerifier({ ...options, stream: redisUrl === undefined })
  verifier.on('ended', ({ sid }) => tell({ kind: 'ended', sid }))
  verifier.on('error', () => undefined)
  if (redisUrl !== undefined) {
    const client = createClient({ url: redisUrl })
    client.on('error', () => undefined)
    await client.connect()
    redisPush(verifier, client)
  }
  process.on('message', ({ id, token }: Question) => {
    verifier.verify(token).then(
      () => tell({ kind: 'verdict', id, code: 'good' }),
      (error: unknown) => tell({ kind: 'verdict', id, code: codeOf(error) }),
    )
  })
  tell({ kind: 'ready' })
}

function codeOf(error: unknown): string {
  return isVerifyError(error) ? error.code : String(error)
}

function tell(told: Told): void {
  process.send?.(told)
}
