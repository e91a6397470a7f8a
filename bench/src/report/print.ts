import type { Goal, Report } from './report.ts'
import { type Row, renderTable } from './table.ts'

/** Tables first, then what was promised and whether it held. */
export function renderReport({ tables, goals }: Report): string {
  const parts = tables.map(({ title, head, rows }) => `## ${title}\n\n${renderTable(head, rows)}\n`)
  if (goals.length > 0) parts.push(`## Goals\n\n${renderTable(goalHead, goals.map(goalRow))}\n`)
  return parts.join('\n')
}

const goalHead: Row = ['goal', 'at least', 'measured', '']

function goalRow({ what, atLeast, measured }: Goal): Row {
  const verdict = measured >= atLeast ? 'pass' : 'MISS'
  return [what, readable(atLeast), readable(measured), verdict]
}

function readable(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(2)
}
