import type { JsonWebKey } from 'node:crypto'
import type { Context, Grant } from 'oidc-provider'
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js'
import { personWith } from '../people.ts'
import type { Pages } from './pages.ts'

export interface Client {
  readonly id: string
  readonly secret: string
  /** Curfew's own address: where people and logout announcements are sent. */
  readonly url: string
}

export interface Secrets {
  readonly keys: readonly JsonWebKey[]
  readonly cookies: string
}

/** Short enough that whoever plays for a minute or two sees sessions outlive several of them. */
const accessTokenSeconds = 60
const daySeconds = 86_400
const scopes = 'openid profile email offline_access'

interface Owned {
  readonly clientId: string
}

export function configurationFor(
  client: Client,
  { keys, cookies }: Secrets,
  pages: Pages,
): Readonly<Record<string, unknown>> {
  return {
    clients: [clientMetadata(client)],
    // Its usual one, but without the warning that all is lost at the end: that is what we want.
    adapter: createMemoryAdapter(),
    jwks: { keys },
    findAccount,
    claims: { profile: ['name', 'roles'], email: ['email', 'email_verified'] },
    // Roles and e-mail in the ID token too: not every provider answers at /userinfo.
    conformIdTokenClaims: false,
    loadExistingGrant: grantAll,
    issueRefreshToken: () => true,
    // Strict: a refresh token that comes a second time ends all that came from that sign-in.
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenSeconds,
      IdToken: 3600,
      RefreshToken: daySeconds,
      Session: daySeconds,
      Grant: daySeconds,
      Interaction: 600,
    },
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_: Context, { clientId }: Owned, token: Owned) =>
          token.clientId === clientId,
      },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        logoutSource: (context: Context, form: string) => {
          context.body = pages.signOut(form, isAskedFor(context))
        },
        postLogoutSuccessSource: (context: Context) => {
          context.body = pages.signedOut()
        },
      },
    },
    renderError: (context: Context, { error_description: detail }: Record<string, string>) => {
      context.body = pages.failed(detail ?? 'The request could not be understood.')
    },
    // Other programs on localhost have cookies too, and cookies do not know ports.
    cookies: {
      keys: [cookies],
      names: { session: 'example-id', interaction: 'example-id-ask', resume: 'example-id-back' },
    },
    // Its own way of fetching refuses to speak to loopback addresses.
    fetch: (
      url: string,
      { method = 'GET', headers = {}, body = null, signal = null }: RequestInit,
    ) => fetch(url, { method, headers, body, signal }),
  }
}

function clientMetadata({ id, secret, url }: Client): Readonly<Record<string, unknown>> {
  return {
    client_id: id,
    client_secret: secret,
    client_name: 'Curfew',
    redirect_uris: [`${url}/oidc/callback`],
    post_logout_redirect_uris: [`${url}/signed-out`],
    grant_types: ['authorization_code', 'refresh_token'],
    backchannel_logout_uri: `${url}/oidc/backchannel-logout`,
    backchannel_logout_session_required: true,
  }
}

function findAccount(_: Context, id: string) {
  const person = personWith(id)
  if (person === undefined) return undefined
  const { name, email, roles } = person
  const claims = { sub: id, name, email, email_verified: true, roles }
  return { accountId: id, claims: () => claims }
}

/** Nobody is asked whether Curfew may know who they are: there is one client, and it is ours. */
async function grantAll({ oidc }: Context): Promise<Grant | undefined> {
  const { provider, client, session } = oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const { clientId } = client
  const given = session.grantIdFor(clientId)
  const known = given === undefined ? undefined : await provider.Grant.find(given)
  const grant = known ?? new provider.Grant({ clientId, accountId: session.accountId })
  grant.addOIDCScope(scopes)
  await grant.save()
  return grant
}

/**
 * A sign-out that needs no second question: a client sends its own ID token along, or the person has just
 * pressed the button on our own page. Any other page could have sent the browser here (rule 29 of ours).
 */
function isAskedFor(context: Context): boolean {
  if (context.oidc.entities['IdTokenHint'] !== undefined) return true
  return context.get('sec-fetch-site') === 'same-origin'
}
