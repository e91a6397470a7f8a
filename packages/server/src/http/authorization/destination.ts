import type { ClientRules } from '#authority'
import { parseClientId } from '#domain'
import { BrowserProblem } from '../browser/answers.ts'
import type { HttpContext } from '../context.ts'
import { isRegistered } from './redirect-uri.ts'

/** Who asked, and where the answer may go. Nothing is ever sent to an address that has not come this way. */
export interface Destination {
  readonly client: ClientRules
  readonly redirectUri: string
}

/** @throws BrowserProblem: a page, since there is no address that an error could go to (RFC 6749, 4.1.2.1) */
export function destinationOf(
  { authority }: Pick<HttpContext, 'authority'>,
  parameters: URLSearchParams,
): Destination {
  const id = only(parameters, 'client_id')
  const clientId = parseClientId(id)
  const client = clientId && authority.policy.client(clientId)
  if (client === undefined) {
    throw new BrowserProblem('unknown_client', texts.unknownClient, { retryUrl: null })
  }
  const redirectUri = only(parameters, 'redirect_uri')
  if (isRegistered(client.redirectUris, redirectUri)) return { client, redirectUri }
  throw new BrowserProblem('redirect_uri_refused', texts.redirectUri, { retryUrl: null })
}

function only(parameters: URLSearchParams, name: 'client_id' | 'redirect_uri'): string {
  const [value = '', ...more] = parameters.getAll(name)
  if (more.length === 0 && value !== '') return value
  const code = name === 'client_id' ? 'unknown_client' : 'redirect_uri_refused'
  const detail = more.length > 0 ? texts.repeated : texts.missing
  throw new BrowserProblem(code, detail(name), { retryUrl: null })
}

const blame = 'You have not been signed in. Tell whoever runs the application.'
const texts = {
  unknownClient: `The application that sent you here is not known. ${blame}`,
  redirectUri: `The application wants to be told at an address that is not registered for it. ${blame}`,
  missing: (name: string) => `The application did not say its ${name}. ${blame}`,
  repeated: (name: string) => `The application said its ${name} twice. ${blame}`,
}
