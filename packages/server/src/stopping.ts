export interface StopOptions {
  readonly onReload: () => void
}

/**
 * Resolves at the first SIGTERM or SIGINT. From then on another one exits at once (API.md, section 1).
 * SIGHUP asks for a reload.
 */
export function untilStopped({ onReload }: StopOptions): Promise<void> {
  process.on('SIGHUP', onReload)
  return new Promise((resolve) => {
    let asked = false
    const stop = () => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
