import type { FastifyReply } from 'fastify'
import { parseSessionId, type Session, type SessionId } from '#domain'
import { accountView } from '../browser/account-view.ts'
import { sendPage } from '../browser/answers.ts'
import { type FormValue, formRoute, requireOwnForm, type Visit } from '../browser/forms.ts'
import { lookOf } from '../browser/look.ts'
import { pageSession } from '../browser/page-cookie.ts'
import { queryOf } from '../browser/query.ts'
import { say } from '../browser/said.ts'
import type { App, HttpContext } from '../context.ts'
import { isDeviceName } from '../device-name.ts'
import { type AccountAct, accountPage, confirmAccountPage } from '../pages/index.ts'
import { noSuchSession } from '../problems.ts'
import { loginUrl } from './login.ts'
import { leave } from './sign-out.ts'

const tags = ['Sign-in in browsers']
const config = { group: 'sign-in', who: 'browsers' } as const

/**
 * `/account`: a person's own devices. Looking changes nothing; what ends anything is asked for by a link,
 * confirmed by a form (rule 29), and answered by a redirect to the page that says what happened.
 */
export function accountPageRoutes(app: App, context: HttpContext): void {
  app.get(
    '/account',
    {
      exposeHeadRoute: false,
      config,
      schema: { tags, summary: "A person's own devices, to name them and to sign them out" },
    },
    (request, reply) => opened({ context, request, reply }),
  )
  formRoute(
    app,
    context,
    { path: '/account', config, schema: { tags, summary: 'The forms of that page' } },
    sent,
  )
}

async function opened(visit: Visit): Promise<FastifyReply> {
  const { context, request, reply } = visit
  const query = queryOf(request)
  const own = await pageSession(context.browser, request)
  if (own === undefined) return toSignIn(visit, 302)
  const act = acts.find((one) => one === query('ask'))
  if (act !== undefined) return ask(visit, own, act, query('sid'))
  const order = { own, cursor: query('cursor'), refused: null }
  const view = await accountView(context, { request, reply }, order)
  return sendPage(reply, accountPage(view, lookOf(context, request)))
}

const acts = ['one', 'others', 'all'] as const satisfies readonly AccountAct[]

async function ask(
  { context, request, reply }: Visit,
  own: Session,
  act: AccountAct,
  sid: string | undefined,
): Promise<FastifyReply> {
  const session = act === 'one' ? await ownOf(context, own, sid) : null
  const device =
    session === null
      ? null
      : {
          sid: session.origin.sid,
          name: session.profile.deviceName,
          userAgent: session.profile.userAgent,
          current: session.origin.sid === own.origin.sid,
        }
  const page = confirmAccountPage({ action: urlOf(context), act, device }, lookOf(context, request))
  return sendPage(reply, page)
}

async function sent(visit: Visit, value: FormValue): Promise<FastifyReply> {
  const { context, request } = visit
  requireOwnForm(context, request, { retryUrl: urlOf(context) })
  const own = await pageSession(context.browser, request)
  if (own === undefined) return toSignIn(visit, 303)
  switch (value('step')) {
    case 'rename':
      return rename(visit, own, { sid: value('sid'), typed: value('device_name') ?? '' })
    case 'one':
      return endOne(visit, own, value('sid'))
    case 'others':
    case 'all':
      return endMany(visit, own, value('step') === 'all' ? 'all' : 'others')
    default:
      return visit.reply.redirect(urlOf(context), 303)
  }
}

type Own = NonNullable<Awaited<ReturnType<typeof pageSession>>>

/** As `PATCH /sessions/{sid}` judges a name; an empty one takes it away. */
async function rename(
  visit: Visit,
  own: Own,
  { sid, typed }: { readonly sid: string | undefined; readonly typed: string },
): Promise<FastifyReply> {
  const { context, request, reply } = visit
  const { origin } = await ownOf(context, own, sid)
  const name = typed.trim()
  if (name !== '' && !isDeviceName(name)) {
    const refused = { sid: origin.sid, typed }
    const view = await accountView(context, { request, reply }, { own, refused, cursor: undefined })
    return sendPage(reply, accountPage(view, lookOf(context, request)), 400)
  }
  const applied = await context.authority.rename(origin.sid, name === '' ? null : name)
  const done = applied.kind === 'moved' || applied.kind === 'unchanged'
  return back(visit, { kind: done ? 'renamed' : 'already' })
}

async function endOne(visit: Visit, own: Own, sid: string | undefined): Promise<FastifyReply> {
  const { context, request, reply } = visit
  const { origin } = await ownOf(context, own, sid)
  if (origin.sid === own.origin.sid) return leave(context, request, reply, own)
  const answer = await context.authority.logoutOne(origin.sid, own.origin.uid)
  const now = answer.kind === 'done' && !answer.already
  return back(visit, { kind: now ? 'endedOne' : 'already' })
}

async function endMany(visit: Visit, own: Own, which: 'all' | 'others'): Promise<FastifyReply> {
  const { context, request, reply } = visit
  const answer = await context.authority.logoutMany(own, which)
  if (answer.kind === 'caller-ended') return toSignIn(visit, 303)
  if (which === 'all') return leave(context, request, reply, own)
  return back(visit, { kind: 'endedOthers', count: answer.revoked })
}

function back({ context, reply }: Visit, said: Parameters<typeof say>[2]): FastifyReply {
  say(reply, context.browser, said)
  return reply.redirect(urlOf(context), 303)
}

function toSignIn({ context, reply }: Visit, status: 302 | 303): FastifyReply {
  return reply.redirect(loginUrl(context, { returnTo: urlOf(context) }), status)
}

function urlOf({ settings }: HttpContext): string {
  return `${settings.publicUrl}/account`
}

/** @throws Problem 404 for what is not one of the person's own sessions, whatever it is */
async function ownOf(
  { authority }: HttpContext,
  own: Session,
  text: string | undefined,
): Promise<Session> {
  const sid: SessionId | undefined = parseSessionId(text ?? '')
  const session = sid === undefined ? undefined : await authority.show(sid)
  if (session === undefined || session.origin.uid !== own.origin.uid) throw noSuchSession()
  return session
}
