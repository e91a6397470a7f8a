/* Verifiers for tests: each is closed when its test is over. */
import { afterEach } from 'vitest'
import { isVerifyError, type VerifyErrorCode } from '../src/errors.ts'
import type { VerifierOptions } from '../src/options.ts'
import { createVerifier, type Verifier } from '../src/verifier.ts'
import type { FakeCurfew } from './fake-curfew.ts'

let open: Verifier[] = []

afterEach(async () => {
  for (const verifier of open) await verifier.close()
  open = []
})

export async function running(
  curfew: FakeCurfew,
  options: Partial<VerifierOptions> = {},
): Promise<Verifier> {
  const verifier = await createVerifier(curfew.options(options))
  open.push(verifier)
  return verifier
}

/** How a call is refused. */
export async function refusal(call: Promise<unknown>): Promise<`${VerifyErrorCode} ${401 | 503}`> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isVerifyError(error)) throw new Error(`not refused: ${error}`)
  return `${error.code} ${error.status}`
}

/** `good`, or how it is refused. */
export async function verdict(verifier: Verifier, token: string): Promise<string> {
  return await verifier.verify(token).then(
    () => 'good',
    (error: unknown) => (isVerifyError(error) ? error.code : `${error}`),
  )
}
