/* The arithmetic of the charts. */

/** Heights that people can read: 1, 2 or 5 times a power of ten, and never below 4 (counts are whole). */
export function niceMax(largest: number): number {
  const wanted = Math.max(4, largest)
  const power = 10 ** Math.floor(Math.log10(wanted))
  const step = [1, 2, 4, 5, 8, 10].find((one) => one * power >= wanted) ?? 10
  return step * power
}

export interface Bars {
  readonly count: number
  readonly width: number
}

/** Bars keep a gap of a pixel as long as they are wide enough for one. */
export function barAt(index: number, { count, width }: Bars): { x: number; width: number } {
  const slot = width / Math.max(1, count)
  const gap = slot > 4 ? 1.5 : slot > 2 ? 0.5 : 0
  return { x: index * slot + gap / 2, width: slot - gap }
}

/** The bar under a pointer, also a little beside the chart. */
export function indexAt(x: number, { count, width }: Bars): number {
  if (count === 0 || width <= 0) return 0
  return Math.min(count - 1, Math.max(0, Math.floor((x / width) * count)))
}

/** About so many labels as have room, at steps that fall on the same ones when time moves on. */
export function labelled(times: readonly number[], stepSeconds: number, most: number): number[] {
  const sizes = [300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800]
  const length = times.length * stepSeconds
  const size = sizes.find((one) => length / one <= most) ?? 172_800
  return times.flatMap((at, index) => (at % size < stepSeconds ? [index] : []))
}

export function countWords(count: number): string {
  if (count < 10_000) return count.toLocaleString('en-GB')
  return new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 }).format(
    count,
  )
}
