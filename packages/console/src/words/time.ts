/* Times in words. Near ones are exact to the second, far ones to the day; hovering shows the whole truth. */

const minute = 60
const hour = 60 * minute
const day = 24 * hour

export function ago(at: number, now: number): string {
  const seconds = Math.max(0, now - at)
  return seconds < 3 ? 'just now' : `${span(seconds)} ago`
}

export function ahead(at: number, now: number): string {
  const seconds = at - now
  return seconds <= 0 ? 'now' : `in ${span(seconds)}`
}

export function span(seconds: number): string {
  if (seconds < minute) return `${Math.floor(seconds)} s`
  if (seconds < hour) return `${Math.floor(seconds / minute)} min`
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)} h`
  return `${Math.floor(seconds / day)} d`
}

/** The same time of day twice a year is no help to anybody: the zone stands there too. */
export function exact(at: number, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    ...{ year: 'numeric', month: 'short', day: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(new Date(at * 1000))
}

/** As a chart's axis says it: the time of day, or the day when steps are long. */
export function axisTime(at: number, stepSeconds: number, zone?: string): string {
  const form: Intl.DateTimeFormatOptions =
    stepSeconds >= hour ? { weekday: 'short', hour: '2-digit' } : { hour: '2-digit' }
  const whole = { ...form, minute: '2-digit', hourCycle: 'h23' } as const
  const options = zone === undefined ? whole : { ...whole, timeZone: zone }
  return new Intl.DateTimeFormat('en-GB', options).format(new Date(at * 1000))
}
