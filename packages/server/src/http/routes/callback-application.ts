import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorizationRequest, CodeAnswer } from '#authority'
import type { Returned } from '#oidc'
import { AuthorizationError } from '../authorization/authorization-error.ts'
import type { CarriedRequest } from '../authorization/authorization-request.ts'
import { errorOfFlow } from '../authorization/failures.ts'
import { isRegistered } from '../authorization/redirect-uri.ts'
import { type Outcome, sendToApplication } from '../authorization/to-application.ts'
import { BrowserProblem, problemOfFlow } from '../browser/answers.ts'
import type { HttpContext } from '../context.ts'
import { userAgentOf } from '../user-agent.ts'

interface Coming {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly returned: Returned
  /** As it was sealed at `/oauth/authorize`. */
  readonly app: string
}

/**
 * The provider's answer becomes a code. The gateway's cookie is neither read nor set: what stands behind
 * the gateway must not be able to get tokens for Curfew's own API by it (rule 15).
 */
export async function answerApplication(
  context: HttpContext,
  { request, reply, returned, app }: Coming,
): Promise<FastifyReply> {
  const { uiLocales, ...asked } = JSON.parse(app) as CarriedRequest
  // The configuration may have changed meanwhile: then there is nobody to tell any more.
  const client = context.authority.policy.client(asked.clientId)
  if (client === undefined || !isRegistered(client.redirectUris, asked.redirectUri)) {
    const detail = 'The application that sent you here is not registered any more.'
    throw new BrowserProblem('redirect_uri_refused', detail, { retryUrl: null })
  }
  const outcome = await outcomeOf(context, request, { returned, asked })
  return sendToApplication(context, { request, reply }, { ...asked, uiLocales }, outcome)
}

interface Deciding {
  readonly returned: Returned
  readonly asked: AuthorizationRequest
}

async function outcomeOf(
  context: HttpContext,
  request: FastifyRequest,
  { returned, asked }: Deciding,
): Promise<Outcome> {
  if (returned.kind === 'failed') {
    const { code, providerId, detail } = returned
    context.metrics.count('curfew_sign_ins_total', { result: code })
    context.log.info({ code, provider: providerId, why: detail }, 'a sign-in was not finished')
    // The application has had its answer: the back button, or a second tab.
    if (code === 'flow_used') throw problemOfFlow(returned, { retryUrl: null })
    return { error: errorOfFlow(returned) }
  }
  const { identity, fence } = returned
  const ip = context.addresses.of(request.raw)
  const userAgent = userAgentOf(request)
  const answer = await context.authority.issueCode({
    ...{ request: asked, identity, fence, ip, userAgent },
  })
  const result = answer.kind === 'issued' ? 'signed-in' : answer.kind
  context.metrics.count('curfew_sign_ins_total', { result })
  return answer.kind === 'issued' ? { code: answer.code } : { error: refusal(answer) }
}

function refusal({ kind }: Exclude<CodeAnswer, { kind: 'issued' }>): AuthorizationError {
  return kind === 'user-disabled'
    ? new AuthorizationError('access_denied', 'The account is disabled.')
    : new AuthorizationError('login_required', 'Somebody else is signed in at the provider.')
}
