import type { Goal, Report } from './report.ts'
import { type Row, renderTable } from './table.ts'

/** Tables first, then what was promised and whether it held. */
export function renderReport({ tables, goals }: Report): string {
  const parts = tables.map(({ title, head, rows }) => `## ${title}\n\n${renderTable(head, rows)}\n`)
  if (goals.length > 0) parts.push(`## Goals\n\n${renderTable(goalHead, goals.map(goalRow))}\n`)
  return parts.join('\n')
}

const goalHead: Row = ['goal', 'wanted', 'measured', '']

function goalRow(goal: Goal): Row {
  const { what, measured } = goal
  const met = 'atLeast' in goal ? measured >= goal.atLeast : measured <= goal.atMost
  const wanted =
    'atLeast' in goal ? `at least ${readable(goal.atLeast)}` : `at most ${readable(goal.atMost)}`
  return [what, wanted, readable(measured), met ? 'pass' : 'MISS']
}

function readable(value: number): string {
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2)
}
