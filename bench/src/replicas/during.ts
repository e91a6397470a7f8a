import type { GatewayPlace } from '../gateway/gateway-part.ts'

/** What `act` opens is closed after it: servers that only wait pull the feed all the same. */
export async function during<Result>(
  place: GatewayPlace,
  act: (place: GatewayPlace) => Promise<Result>,
): Promise<Result> {
  const closers: (() => Promise<void> | void)[] = []
  try {
    return await act({ ...place, closing: (close) => void closers.push(close) })
  } finally {
    for (const close of closers.reverse()) await close()
  }
}
