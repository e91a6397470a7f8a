import { Type } from 'typebox'
import { type AuditRow, auditActions } from '#authority'
import { toSeconds } from '#domain'
import type { App, HttpContext } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { invalid } from '../problems.ts'
import { closed, pageQuery, text } from '../schemas.ts'

const query = closed({
  ...pageQuery,
  actor: Type.Optional(text(300, 'By this uid, `client:<id>` or `shell`.')),
  action: Type.Optional(text(64, 'One of the actions.')),
  target: Type.Optional(text(300, 'To this uid, sid or target.')),
})

const answer = closed({
  items: Type.Array(
    closed({
      id: Type.Integer(),
      at: Type.Integer({ description: 'Unix seconds.' }),
      actor: Type.String(),
      action: Type.String({ enum: [...auditActions] }),
      target: Type.Union([Type.String(), Type.Null()]),
      detail: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
    }),
  ),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
})

/** `GET /admin/audit`: what administrators and issuers have done, the newest first. */
export function auditRoutes(app: App, context: HttpContext): void {
  app.get(
    '/admin/audit',
    {
      config: { group: 'admin', who: 'role admin' },
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags: ['Administration'],
        summary: 'Who did what, the newest first',
        querystring: query,
        response: { 200: answer },
      },
    },
    async (request) => {
      const { actor = null, target = null, action, cursor, limit } = request.query
      const asked = { actor, target, action: actionOf(action), before: beforeOf(cursor) }
      const { rows, more } = await context.authority.audit({
        ...asked,
        limit: limit === undefined ? 50 : Number(limit),
      })
      const last = rows.at(-1)
      return {
        items: rows.map(auditJson),
        next_cursor: more && last !== undefined ? String(last.id) : null,
      }
    },
  )
}

/** As `curfew audit list --json` has it too. */
export function auditJson({ id, at, actor, action, target, detail }: AuditRow) {
  return { id, at: toSeconds(at), actor, action, target, detail }
}

function actionOf(given: string | undefined) {
  if (given === undefined) return null
  const action = auditActions.find((one) => one === given)
  if (action === undefined) throw invalid('query', '/action', 'is no action that is recorded')
  return action
}

function beforeOf(cursor: string | undefined): number | null {
  if (cursor === undefined) return null
  const before = Number(cursor)
  if (Number.isSafeInteger(before) && before > 0) return before
  throw invalid('query', '/cursor', 'must be a cursor of an answer before')
}
