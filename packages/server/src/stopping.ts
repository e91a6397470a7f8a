import type { Config } from '#config'

/** What the process was asked by signals; listened to from the very beginning, so that none is lost. */
export interface Signalled {
  /** Resolves at the first SIGTERM or SIGINT. Another one exits at once (API.md, section 1). */
  readonly stopped: Promise<void>
  isStopped(): boolean
  /**
   * SIGHUP calls it from now on; one that came before is not kept: the configuration was just read.
   * `read` reads the new one, and throws a message for people when it is invalid.
   */
  onReload(listener: (read: () => Config) => void): void
}

export function listenForSignals(read: () => Config): Signalled {
  let reload: (read: () => Config) => void = () => undefined
  let asked = false
  process.on('SIGHUP', () => reload(read))
  const stopped = new Promise<void>((resolve) => {
    const stop = () => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
  return {
    stopped,
    isStopped: () => asked,
    onReload: (listener) => {
      reload = listener
    },
  }
}
