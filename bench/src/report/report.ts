import type { Row } from './table.ts'

export interface Table {
  readonly title: string
  readonly head: Row
  readonly rows: readonly Row[]
}

/** Something that was promised, and what came of it. */
export type Goal = { readonly what: string; readonly measured: number } & (
  | { readonly atLeast: number }
  | { readonly atMost: number }
)

export interface Report {
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
}
