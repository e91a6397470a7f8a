import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DecisionAnswer, ScanAnswer } from '#authority'
import { type DeviceAuthorization, formatUserCode, type LiveSession, parseUserCode } from '#domain'
import { sendPage } from '../browser/answers.ts'
import { type FormValue, formRoute, requireOwnForm, type Visit } from '../browser/forms.ts'
import { lookOf } from '../browser/look.ts'
import { pageSession } from '../browser/page-cookie.ts'
import { queryOf } from '../browser/query.ts'
import type { App, HttpContext } from '../context.ts'
import { type Decider, decideBy, scanBy } from '../device-decisions.ts'
import {
  type DeviceResult,
  decideDevicePage,
  deviceResultPage,
  enterCodePage,
} from '../pages/index.ts'
import { loginUrl } from './login.ts'

const tags = ['Sign-in across devices']
const config = { group: 'device', who: 'browsers' } as const
const codeLengthMax = 64

/**
 * `/device`: the phone's side of the device grant for browsers. Opening it changes nothing, whoever sent
 * the link: the person goes on by a form (rule 29), sees who asks, and only then decides.
 */
export function devicePageRoutes(app: App, context: HttpContext): void {
  app.get(
    '/device',
    {
      exposeHeadRoute: false,
      config,
      schema: { tags, summary: 'Where a person enters the code that another device shows' },
    },
    (request, reply) => opened(context, request, reply),
  )
  formRoute(
    app,
    context,
    { path: '/device', config, schema: { tags, summary: 'The forms of that page' } },
    sent,
  )
}

async function opened(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const typed = (queryOf(request)('user_code') ?? '').slice(0, codeLengthMax)
  const session = await pageSession(context.browser, request)
  if (session === undefined) return reply.redirect(signInUrl(context, typed), 302)
  return enter(context, reply, { session, typed, problem: null })
}

async function sent({ context, request, reply }: Visit, value: FormValue): Promise<FastifyReply> {
  requireOwnForm(context, request, { retryUrl: actionOf(context) })
  const typed = (value('user_code') ?? '').slice(0, codeLengthMax)
  const session = await pageSession(context.browser, request)
  if (session === undefined) return reply.redirect(signInUrl(context, typed), 303)
  const code = parseUserCode(typed)
  if (code === undefined) return enter(context, reply, { session, typed, problem: 'notACode' })
  const userCode = formatUserCode(code)
  const decider = { session, address: context.addresses.of(request.raw), userCode }
  switch (value('step')) {
    case 'approve':
      return value('same') === 'yes'
        ? decide(context, reply, { decider, decision: 'approved' })
        : look(context, reply, { decider, ticked: false })
    case 'deny':
      return decide(context, reply, { decider, decision: 'denied' })
    default:
      return look(context, reply, { decider, ticked: true })
  }
}

/** Back here afterwards, with the code. */
function signInUrl(context: HttpContext, typed: string): string {
  const page = new URL(actionOf(context))
  if (typed !== '') page.searchParams.set('user_code', typed)
  return loginUrl(context, { returnTo: page.href })
}

function actionOf({ settings }: HttpContext): string {
  return `${settings.publicUrl}/device`
}

interface Entering {
  readonly session: LiveSession
  readonly typed: string
  readonly problem: 'notACode' | 'unknown' | null
}

function enter(
  context: HttpContext,
  reply: FastifyReply,
  { session, typed, problem }: Entering,
): FastifyReply {
  const code = parseUserCode(typed)
  const userCode = code === undefined ? typed : formatUserCode(code)
  const { uid } = session.origin
  const page = enterCodePage(
    { action: actionOf(context), uid, userCode, problem },
    lookOf(context, reply.request),
  )
  const status = { notACode: 400, unknown: 404 }
  return sendPage(reply, page, problem === null ? 200 : status[problem])
}

interface Looking {
  readonly decider: Decider
  readonly ticked: boolean
}

async function look(
  context: HttpContext,
  reply: FastifyReply,
  { decider, ticked }: Looking,
): Promise<FastifyReply> {
  const answer = await scanBy(context, decider)
  if (answer.kind === 'refused') return refused(context, reply, { decider, why: answer.why })
  return sendPage(
    reply,
    decideDevicePage(
      askingOf(context, answer.row, { decider, ticked }),
      lookOf(context, reply.request),
    ),
    ticked ? 200 : 400,
  )
}

function askingOf(
  context: HttpContext,
  { clientId, ip, userAgent, scope, requestedAt }: DeviceAuthorization,
  { decider: { userCode }, ticked }: Looking,
) {
  const minutesAgo = Math.floor(Math.max(0, context.clock.now() - requestedAt) / 60_000)
  const asks = { clientId, ip, userAgent, scope, minutesAgo }
  return { ...asks, action: actionOf(context), userCode, ticked }
}

interface Deciding {
  readonly decider: Decider
  readonly decision: 'approved' | 'denied'
}

async function decide(
  context: HttpContext,
  reply: FastifyReply,
  { decider, decision }: Deciding,
): Promise<FastifyReply> {
  const answer = await decideBy(context, decider, decision)
  if (answer.kind === 'done') return result(context, reply, { result: decision, status: 200 })
  // It was there when the person looked: the time ran out over the decision.
  if (answer.why === 'unknown') return result(context, reply, { result: 'expired', status: 404 })
  return refused(context, reply, { decider, why: answer.why })
}

interface Refused {
  readonly decider: Decider
  readonly why: Extract<ScanAnswer | DecisionAnswer, { kind: 'refused' }>['why']
}

function refused(
  context: HttpContext,
  reply: FastifyReply,
  { decider, why }: Refused,
): FastifyReply | Promise<FastifyReply> {
  const { session, userCode } = decider
  switch (why) {
    case 'unknown':
      return enter(context, reply, { session, typed: userCode, problem: 'unknown' })
    case 'of-another-session':
      return result(context, reply, { result: 'taken', status: 409 })
    case 'decided':
      return result(context, reply, { result: 'decided', status: 409 })
    case 'not-scanned':
      // Only a form that is none of ours leaves the look out.
      return look(context, reply, { decider, ticked: true })
    case 'caller-ended':
      return reply.redirect(signInUrl(context, userCode), 303)
    default:
      return why satisfies never
  }
}

function result(
  context: HttpContext,
  reply: FastifyReply,
  { result: kind, status }: { readonly result: DeviceResult; readonly status: number },
): FastifyReply {
  return sendPage(
    reply,
    deviceResultPage({ action: actionOf(context), result: kind }, lookOf(context, reply.request)),
    status,
  )
}
