/** Moments in the words of one language. */
export interface Times {
  /** `3 minutes ago`; less than a minute is now. */
  readonly ago: (milliseconds: number) => string
  /** The day and the minute, in UTC: no script asks where the person is. */
  readonly at: (instant: number) => string
}

const units = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

export function timesOf(lang: string, justNow: string): Times {
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: 'always' })
  const exact = new Intl.DateTimeFormat(lang, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' },
  })
  return {
    ago: (milliseconds) => {
      const unit = units.find(([, length]) => milliseconds >= length)
      if (unit === undefined) return justNow
      return relative.format(-Math.floor(milliseconds / unit[1]), unit[0])
    },
    at: (instant) => `${exact.format(instant)} UTC`,
  }
}
