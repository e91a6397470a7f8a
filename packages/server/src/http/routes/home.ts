import { sendPage } from '../browser/answers.ts'
import { ownCookies } from '../browser/cookies.ts'
import { endedHere } from '../browser/ended-here.ts'
import { lookOf } from '../browser/look.ts'
import type { App, HttpContext } from '../context.ts'
import { homePage } from '../pages/index.ts'

/** `GET /` of publicUrl: where a sign-in without `return_to` ends. */
export function homeRoute(app: App, context: HttpContext): void {
  const { browser, settings } = context
  app.get(
    '/',
    {
      config: { group: 'sign-in', who: 'browsers' },
      schema: { tags: ['Sign-in in browsers'], summary: 'Who is signed in here' },
    },
    async (request, reply) => {
      const cookies = ownCookies(request, browser)
      const found = await Promise.all(cookies.map((cookie) => browser.gateway.byCookie(cookie)))
      const session = found.find((one) => one !== undefined)
      const { publicUrl } = settings
      const uid = session?.origin.uid ?? null
      const isAdmin =
        session !== undefined && browser.gateway.effectiveRoles(session).includes('admin')
      const links = {
        signOutUrl: `${publicUrl}/signout`,
        accountUrl: `${publicUrl}/account`,
        consoleUrl: isAdmin && !settings.adminElsewhere ? `${publicUrl}/console/` : null,
      }
      const ended = uid === null ? await endedHere(browser, request) : null
      const signInUrl = `${publicUrl}/login${ended === null ? '' : '?told=yes'}`
      const page = homePage({ uid, ended, signInUrl, ...links }, lookOf(context, request))
      return sendPage(reply, page)
    },
  )
}
