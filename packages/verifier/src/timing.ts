/** Clocks and timers as the reader needs them; a test passes its own. */
export interface Timing {
  /** Milliseconds by the wall clock. It may jump, but it goes on while the machine sleeps. */
  wallMs(): number
  /** Milliseconds by a clock that never goes back. It may stand still while the machine sleeps. */
  monotonicMs(): number
  /** Must not keep the process alive. */
  setTimer(callback: () => void, delayMs: number): unknown
  /** The same, but the process waits for it; without it, `setTimer` is used. */
  setWaitingTimer?(callback: () => void, delayMs: number): unknown
  clearTimer(handle: unknown): void
  /** 0 to below 1, for jitter. */
  random(): number
}

/** A timer of the platform is good for 24 days; one that is longer fires at once. */
const timerMaxMs = 0x7fff_ffff

/** The clocks and timers of the platform. */
export function defaultTiming(): Timing {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    setTimer: (callback, delayMs) => unref(setTimeout(callback, Math.min(delayMs, timerMaxMs))),
    setWaitingTimer: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, timerMaxMs)),
    clearTimer: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    random: () => Math.random(),
  }
}

/** In Node a timer is an object that can be told not to hold the process; elsewhere it is a number. */
function unref(timer: unknown): unknown {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) {
    const { unref: release } = timer
    if (typeof release === 'function') release.call(timer)
  }
  return timer
}
