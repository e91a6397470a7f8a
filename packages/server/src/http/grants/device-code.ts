import type { DeviceRefusal } from '#domain'
import { Secret } from '#domain'
import { oauthTokenJson } from '../answers.ts'
import type { HttpContext } from '../context.ts'
import { OAuthError } from '../oauth-error.ts'
import { required } from '../oauth-form.ts'
import type { Grant } from './grant.ts'

const codeLengthMax = 256

/** `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628, section 3.4). */
export async function deviceCode(context: HttpContext, grant: Grant): Promise<object> {
  const code = required(grant.form, 'device_code')
  if (code.length > codeLengthMax) throw refused('invalid_grant')
  const answer = await context.devices.redeem({
    client: grant.client,
    deviceCode: new Secret(code),
    ip: grant.address,
    userAgent: grant.userAgent,
    dpopThumbprint: grant.dpopThumbprint,
  })
  if (answer.kind === 'refused') throw refused(answer.why)
  context.screens.watch.look()
  return oauthTokenJson(answer.tokens, answer.wish)
}

const descriptions: Readonly<Record<DeviceRefusal, string>> = {
  authorization_pending: 'Nobody has decided yet.',
  slow_down: 'The poll came too early: wait five seconds longer from now on.',
  access_denied: 'The request was denied, or the approval does not hold any more.',
  expired_token: 'The device code has expired.',
  invalid_grant: 'The device code is not good.',
}

function refused(why: DeviceRefusal): OAuthError {
  return new OAuthError(why, { description: descriptions[why] })
}
