/* mod_auth_openidc as Debian has it, its sessions in shared memory, in front of a file of two bytes. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'
import {
  type Apache,
  type ApachePlace,
  startApache,
} from '../../../packages/server/test/services/index.ts'

const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc'] as const

/** The same file twice: behind a session, and open to all. */
export const guardedPath = '/guarded/answer'
export const openPath = '/open/answer'

export function startApachePeer(provider: ScriptableProvider): Promise<Apache> {
  return startApache({
    modules,
    configuration: (place) => {
      writeAnswers(place.folder)
      return [...server(place), ...relyingParty(provider, place)].join('\n')
    },
  })
}

function writeAnswers(folder: string): void {
  for (const path of [guardedPath, openPath]) {
    const file = join(folder, 'www', path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, 'ok')
  }
}

/**
 * One process with more threads than there are connections: none is started or stopped within a window,
 * and no kept-alive connection is closed for want of a thread. No access log, as there is none elsewhere.
 */
function server({ folder }: ApachePlace): readonly string[] {
  return [
    'StartServers 1',
    'ServerLimit 1',
    'ThreadLimit 256',
    'ThreadsPerChild 256',
    'MaxRequestWorkers 256',
    'KeepAlive On',
    'MaxKeepAliveRequests 0',
    'KeepAliveTimeout 60',
    `DocumentRoot ${join(folder, 'www')}`,
  ]
}

/** What is not said here is the module's default, among it `OIDCSessionType server-cache`. */
function relyingParty(provider: ScriptableProvider, { port }: ApachePlace): readonly string[] {
  return [
    `OIDCProviderMetadataURL ${provider.issuer}/.well-known/openid-configuration`,
    `OIDCClientID ${provider.clientId}`,
    `OIDCClientSecret "${provider.clientSecret}"`,
    'OIDCProviderTokenEndpointAuth client_secret_post',
    `OIDCRedirectURI http://127.0.0.1:${port}/guarded/callback`,
    `OIDCCryptoPassphrase ${randomBytes(24).toString('base64url')}`,
    'OIDCScope "openid profile email offline_access"',
    'OIDCPKCEMethod S256',
    'OIDCCacheType shm',
    'OIDCPassClaimsAs headers',
    'OIDCRefreshAccessTokenBeforeExpiry 1 logout_on_error',
    '<Location /guarded>',
    '  AuthType openid-connect',
    '  Require valid-user',
    '</Location>',
    '<Location /open>',
    '  Require all granted',
    '</Location>',
  ]
}
