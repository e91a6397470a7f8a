import type { FastifyRequest } from 'fastify'
import { invalid } from '../problems.ts'

/** The parameters of a query, each at most once. @throws Problem 400 */
export function queryOf(request: FastifyRequest): (name: string) => string | undefined {
  const parameters = new URLSearchParams(rawQuery(request))
  return (name) => {
    const values = parameters.getAll(name)
    if (values.length > 1) throw invalid('query', `/${name}`, 'is repeated')
    return values[0]
  }
}

/** As it was sent. */
export function rawQuery({ raw }: FastifyRequest): string {
  const url = raw.url ?? ''
  const mark = url.indexOf('?')
  return mark < 0 ? '' : url.slice(mark + 1)
}
