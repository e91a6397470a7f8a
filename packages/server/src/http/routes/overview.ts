import { Type } from 'typebox'
import { toSeconds } from '#domain'
import type { App, HttpContext } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { closed, nothing, seconds } from '../schemas.ts'

const answer = closed({
  now: seconds("The server's time."),
  live_sessions: Type.Integer({ description: 'Those that have just run out may be among them.' }),
  started_last_hour: Type.Integer(),
  ended_last_hour: Type.Integer(),
  effects_waiting: Type.Integer({ description: 'Waiting, or failed and tried again.' }),
  effects_given_up: Type.Integer(),
})

export function overviewRoute(app: App, context: HttpContext): void {
  app.get(
    '/admin/overview',
    {
      config: { group: 'admin', who: 'role admin' },
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags: ['Administration'],
        summary: 'The few numbers on top of a console, at most 10 s old',
        querystring: nothing,
        response: { 200: answer },
      },
    },
    async () => {
      const counts = await context.overview.counts()
      return {
        now: toSeconds(context.clock.now()),
        live_sessions: counts.live,
        started_last_hour: counts.started,
        ended_last_hour: counts.ended,
        effects_waiting: counts.waiting,
        effects_given_up: counts.givenUp,
      }
    },
  )
}
