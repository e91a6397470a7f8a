/* The page's clock. Ages are told by the server's time: a laptop that woke up is often minutes off. */
import { signal } from '@preact/signals'

const tickMs = 1_000

let skewSeconds = 0

function read(): number {
  return Math.floor(Date.now() / 1000) + skewSeconds
}

/** Unix seconds by the server's clock; whatever shows an age follows it. */
export const now = signal(read())

export function setServerTime(serverNow: number): void {
  const skew = serverNow - Math.floor(Date.now() / 1000)
  // The way of the answer takes a second now and then; ages shall not shiver with it.
  if (Math.abs(skew - skewSeconds) > 2) skewSeconds = skew
}

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) now.value = read()
  }, tickMs)
}
