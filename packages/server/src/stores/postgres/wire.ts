import type pg from 'pg'
import type { Act, Query, Row, Statement } from '../act.ts'
import { type ClockOffset, settle } from '../clock.ts'
import { toPostgresFailure } from './failures.ts'

export type Send = (query: Query) => Promise<readonly Row[]>

/** A pool sends each query by whichever connection is free, a client all of them by its own. */
export type Wire = Pick<pg.Pool, 'query'> | Pick<pg.ClientBase, 'query'>

/** @throws StoreUnavailable from the statement that failed; an act does not catch it */
export async function drive<Result>(act: Act<Result>, send: Send): Promise<Result> {
  let step = act.next()
  while (!step.done) step = act.next(await send(step.value))
  return step.value
}

export function sendTo(wire: Wire, offset: ClockOffset | undefined): Send {
  return async ({ statement, values }) => {
    const config = { ...nameAndText(settle(statement, offset)), values: values as unknown[] }
    try {
      return (await wire.query<Row>(config)).rows
    } catch (error) {
      throw toPostgresFailure(error)
    }
  }
}

/** A text of ours that is no act: transactions, settings, migrations. @throws StoreUnavailable */
export async function say(
  wire: Wire,
  text: string,
  values: readonly (string | number)[] = [],
): Promise<pg.QueryResult<Row>> {
  try {
    // Without values the simple protocol is used, which takes several statements at once.
    return await (values.length === 0
      ? wire.query<Row>(text)
      : wire.query<Row>(text, values as unknown[]))
  } catch (error) {
    throw toPostgresFailure(error)
  }
}

function nameAndText({ name, text }: Statement): { name?: string; text: string } {
  return name === '' ? { text } : { name, text }
}
