import type { Curfew } from './curfew.ts'
import { type CurfewOptions, startCurfew } from './start-curfew.ts'

/** Runs `act` with a server; afterwards it and all that followed it on its stage are gone. */
export async function withCurfew(
  options: CurfewOptions,
  act: (curfew: Curfew) => Promise<void>,
): Promise<void> {
  const curfew = await startCurfew(options)
  try {
    await act(curfew)
  } finally {
    await curfew.close()
  }
}
