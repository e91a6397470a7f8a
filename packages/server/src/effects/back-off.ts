const firstMs = 1000
/** Of the back-off, and of what a `Retry-After` may ask for. */
export const delayMsMax = 3_600_000

/**
 * How long a row waits after its n-th attempt: a second, doubled each time, an hour at the most, less up
 * to a half of it by chance, so that rows that failed together do not come back together.
 */
export function retryDelayMs(
  attempts: number,
  options: { readonly retryAfterMs: number | null; readonly jitter: () => number },
): number {
  const usualMs = Math.min(delayMsMax, firstMs * 2 ** Math.min(attempts - 1, 30))
  const spreadMs = usualMs * (1 - options.jitter() / 2)
  const askedMs = Math.min(delayMsMax, Math.max(0, options.retryAfterMs ?? 0))
  return Math.ceil(Math.max(spreadMs, askedMs))
}
