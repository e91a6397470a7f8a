import type { Spread } from '../measure/statistics.ts'

export type Row = readonly string[]

/** A table in Markdown whose columns also stand under each other on a terminal. */
export function renderTable(head: Row, rows: readonly Row[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? '').length)),
  )
  const lines = [head, widths.map((width) => '-'.repeat(width)), ...rows]
  return lines.map((row) => renderRow(row, widths)).join('\n')
}

function renderRow(row: Row, widths: readonly number[]): string {
  return `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`
}

/** Per second, or anything else where whole numbers say enough. */
export function whole({ median, min, max }: Spread): string {
  return `${Math.round(median)} (${Math.round(min)}-${Math.round(max)})`
}

export function ratio({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}-${max.toFixed(2)})`
}

export function microseconds({ median, min, max }: Spread): string {
  return `${short(median)} (${short(min)}-${short(max)})`
}

function short(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0)
}

/** Microseconds as milliseconds. */
export function milliseconds(us: number): string {
  return Number.isNaN(us) ? '-' : (us / 1000).toFixed(2)
}
