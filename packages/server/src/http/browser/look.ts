import type { FastifyRequest } from 'fastify'
import type { HttpContext } from '../context.ts'
import { type Look, plainLook } from '../pages/index.ts'

/** How a page for this person looks and speaks. */
export function lookOf(_context: HttpContext, _request: FastifyRequest): Look {
  return plainLook
}
