const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const shape = /^([0-9]+)(ms|s|m|h|d)?$/

/** Milliseconds of a duration that the schema has accepted, such as `90s`, `5m` or 0. */
export function durationMs(text: string | number): number {
  const match = shape.exec(String(text))
  if (match === null) throw new TypeError(`not a duration: ${text}`)
  const unit = (match[2] ?? 's') as keyof typeof unitMs
  return Number(match[1]) * unitMs[unit]
}

/** Whole seconds, for what the schema only takes in seconds or longer units. */
export function durationSeconds(text: string): number {
  return durationMs(text) / 1000
}

/** The shortest way to write it, for messages. */
export function formatDuration(milliseconds: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (milliseconds > 0 && milliseconds % unitMs[unit] === 0) {
      return `${milliseconds / unitMs[unit]}${unit}`
    }
  }
  return milliseconds === 0 ? '0s' : `${milliseconds}ms`
}
