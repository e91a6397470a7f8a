import { Type } from 'typebox'
import { activityJson, stepMinutesOf } from '../admin/activity-answer.ts'
import type { App, HttpContext } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { closed, seconds } from '../schemas.ts'

const query = closed({
  minutes: Type.Optional(
    Type.String({
      pattern: '^(?:60|1440|10080)$',
      description: 'The last hour (default), day or week: `60`, `1440` or `10080`.',
    }),
  ),
})
const answer = closed({
  from: seconds('When the first step begins.'),
  step_seconds: Type.Integer(),
  items: Type.Array(
    closed({
      at: seconds('When the step begins.'),
      started: Type.Integer(),
      refreshed: Type.Integer({ description: 'Rotations of refresh tokens.' }),
      ended: Type.Integer(),
      reasons: Type.Record(Type.String(), Type.Integer(), { description: 'Ends by their reason.' }),
    }),
  ),
})

export function activityRoute(app: App, context: HttpContext): void {
  app.get(
    '/admin/activity',
    {
      config: { group: 'admin', who: 'role admin' },
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags: ['Administration'],
        summary: 'Sign-ins, refreshes and ends over time, of all replicas; a few seconds behind',
        querystring: query,
        response: { 200: answer },
      },
    },
    async (request) => {
      const minutes = Number(request.query.minutes ?? 60)
      const stepMinutes = stepMinutesOf(minutes)
      const asked = { stepMinutes, steps: minutes / stepMinutes }
      return activityJson(await context.admin.system.activity(asked), asked)
    },
  )
}
