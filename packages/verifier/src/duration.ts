/** A number and its unit: `'500ms'`, `'30s'`, `'5m'`, `'24h'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Milliseconds. @throws TypeError naming the option */
export function durationMs(name: string, value: string): number {
  const [, count = '', unit = ''] = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/.exec(value) ?? []
  const ms = Number(count) * (unitsMs[unit] ?? 0)
  if (!(ms > 0)) throw new TypeError(`${name} must be a duration such as '30s', not '${value}'`)
  return ms
}
