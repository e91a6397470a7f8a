import type { App, HttpContext } from '../context.ts'
import { activityRoute } from './activity.ts'
import { adminEventsRoute } from './admin-events.ts'
import { adminSessionRoutes } from './admin-sessions.ts'
import { auditRoutes } from './audit.ts'
import { effectRoutes } from './effects.ts'
import { followersRoute } from './followers.ts'
import { keyRoutes } from './keys.ts'
import { overviewRoute } from './overview.ts'

/** What administrators alone may ask: who is signed in, how the system does, and who did what. */
export function administrationRoutes(app: App, context: HttpContext): void {
  adminSessionRoutes(app, context)
  overviewRoute(app, context)
  activityRoute(app, context)
  followersRoute(app, context)
  adminEventsRoute(app, context)
  effectRoutes(app, context)
  keyRoutes(app, context)
  auditRoutes(app, context)
}
