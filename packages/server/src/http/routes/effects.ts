import { type Static, Type } from 'typebox'
import type { RetryChoice } from '#authority'
import { effectJson, effectStates, retryAct } from '../admin/effect-answers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { invalid } from '../problems.ts'
import { closed, maybeSeconds, maybeText, nothing, seconds, text } from '../schemas.ts'

const tags = ['Administration']
const config = { group: 'admin', who: 'role admin' } as const
const limitDefault = 50
const idsMax = 1000

const listQuery = closed({
  state: Type.Optional(
    Type.String({
      pattern: `^(?:${effectStates.join('|')})$`,
      description: '`waiting`, `failed`, `given-up` or `all` (default).',
    }),
  ),
  limit: Type.Optional(
    Type.String({
      pattern: '^(?:[1-9][0-9]{0,2}|1000)$',
      description: '1 to 1000, the oldest first; 50 without it.',
    }),
  ),
})
const effectAnswer = closed({
  id: Type.Integer(),
  kind: Type.String({ description: '`webhook` or `provider_revocation`.' }),
  event: Type.String({ description: '`session.started` or `session.ended`.' }),
  target: Type.String({ description: '`wh_…`, or the id of a provider.' }),
  target_name: maybeText("A webhook's host; null when it is not in this configuration."),
  sid: Type.String(),
  state: Type.String({ description: '`waiting`, `failed` (tried again) or `given-up`.' }),
  created_at: seconds('When what it follows was committed.'),
  due_at: seconds('When it is tried next.'),
  gave_up_at: maybeSeconds('When it was given up.'),
  attempts: Type.Integer(),
  last_error: maybeText('Why the last attempt failed.'),
})
const retryBody = closed({
  ids: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
      minItems: 1,
      maxItems: idsMax,
      description: 'These.',
    }),
  ),
  target: Type.Optional(text(300, 'All of this target.')),
  all: Type.Optional(Type.Literal(true, { description: 'Everything in the outbox.' })),
})

/** What follows a start or an end, and did not work out yet. */
export function effectRoutes(app: App, context: HttpContext): void {
  app.get(
    '/admin/effects',
    {
      config,
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags,
        summary: 'Webhooks and revocations at providers that wait, failed, or were given up',
        querystring: listQuery,
        response: { 200: closed({ items: Type.Array(effectAnswer) }) },
      },
    },
    async ({ query: { state, limit = limitDefault } }) => {
      const { effects, webhookHosts } = context.admin
      const known = effectStates.find((one) => one === state) ?? 'all'
      const listed = await effects.effects({ state: known, limit: Number(limit) })
      return { items: listed.effects.map((one) => effectJson(one, webhookHosts)) }
    },
  )

  app.post(
    '/admin/effects/retry',
    {
      config,
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags,
        summary: 'Try again now: exactly one of `ids`, `target` and `all`',
        body: retryBody,
        querystring: nothing,
        response: {
          200: closed({
            retried: Type.Integer({
              description: 'How many are due now; those under way are not.',
            }),
          }),
        },
      },
    },
    async (request) => {
      const choice = choiceOf(request.body)
      await context.authority.record(callerOf(request).actor, retryAct(choice))
      return { retried: await context.admin.effects.retryEffects(choice) }
    },
  )
}

function choiceOf({ ids, target, all }: Static<typeof retryBody>): RetryChoice {
  const given = [ids, target, all].filter((one) => one !== undefined).length
  if (given !== 1) throw invalid('body', '', 'must have exactly one of `ids`, `target` and `all`')
  if (ids !== undefined) return { by: 'id', ids }
  return target === undefined ? { by: 'all' } : { by: 'target', target }
}
