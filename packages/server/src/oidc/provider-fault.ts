/* What keeps a provider from being used, and what to do about it, in the words of the configuration. */
import { X509Certificate } from 'node:crypto'
import * as client from 'openid-client'
import { silenceIn } from './flow-failures.ts'
import type { ProviderSilent } from './provider-http.ts'
import type { ProviderSettings, ProxyEnvironment } from './settings.ts'

export interface ProviderFault {
  readonly kind: 'faulty'
  readonly problem: string
  /** What to do now. */
  readonly fix: string
}

interface Tried {
  readonly settings: ProviderSettings
  readonly proxyEnv: ProxyEnvironment
}

/** What went wrong when the provider was asked. */
export function providerFault(error: unknown, tried: Tried): ProviderFault {
  const silence = silenceIn(error)
  if (silence !== undefined) return unreached(silence, tried)
  const reason = clientErrorIn(error)
  if (reason === undefined) return faulty(textOf(error), 'see the message')
  const { settings } = tried
  const place = settings.internalUrl ?? settings.issuer
  switch (reason.code) {
    case 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED':
      return otherIssuer(reason, settings)
    case 'OAUTH_RESPONSE_IS_NOT_CONFORM': {
      const status = reason.cause instanceof Response ? reason.cause.status : 'something else'
      return faulty(`its metadata below ${place} was answered with ${status}`, misplaced(settings))
    }
    case 'OAUTH_RESPONSE_IS_NOT_JSON':
    case 'OAUTH_PARSE_ERROR':
      return faulty(`below ${place} there is no metadata in JSON`, misplaced(settings))
    case 'OAUTH_INVALID_RESPONSE':
      return faulty(`the metadata below ${place} names no issuer`, misplaced(settings))
    default:
      return faulty(textOf(reason), 'see the message')
  }
}

function clientErrorIn(error: unknown): client.ClientError | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  return [error, cause].find((one) => one instanceof client.ClientError)
}

/** OpenID Connect Discovery 1.0, section 4.3. */
function otherIssuer(error: client.ClientError, { issuer }: ProviderSettings): ProviderFault {
  const about = error.cause as { readonly body?: { readonly issuer?: unknown } } | undefined
  // As JSON: nothing of it moves the cursor of a terminal.
  const named = JSON.stringify(about?.body?.issuer)?.slice(0, 200) ?? 'nothing'
  const problem = `its issuer is ${issuer} here, and it calls itself ${named}`
  return faulty(problem, `write \`issuer: ${named}\` if you trust that one`)
}

function misplaced({ internalUrl }: ProviderSettings): string {
  return internalUrl === null
    ? 'mend `issuer`: /.well-known/openid-configuration lies below it'
    : 'mend `internalUrl`: /.well-known/openid-configuration lies below it, as below `issuer`'
}

const distrust = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
])

function unreached(silence: ProviderSilent, { settings, proxyEnv }: Tried): ProviderFault {
  const code = codeIn(silence)
  const problem = silence.message
  const where = settings.internalUrl === null ? '`issuer`' : '`internalUrl`'
  if (distrust.has(code)) {
    const authority = `the authority that signed its certificate as \`ca: \${file:/path/to/ca.pem}\``
    const given = settings.ca === null ? 'give' : 'its `ca` is of another authority: give'
    return faulty(`${problem}; its certificate is not trusted`, `${given} ${authority}`)
  }
  if (code === 'CERT_HAS_EXPIRED') return faulty(problem, 'its certificate has to be renewed')
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return faulty(problem, `its certificate is for another host: mend ${where}, or the certificate`)
  }
  if (code === 'ERR_PROXY_TUNNEL') {
    return faulty(problem, 'the proxy opens no way there: allow it, or name the host in NO_PROXY')
  }
  return faulty(problem, `mend ${where}, or the way there${proxyHint(proxyEnv)}`)
}

function codeIn(silence: ProviderSilent): string {
  const { cause } = silence
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
}

/** Which of them is asked, the proxy or the provider, no error tells. */
function proxyHint(env: ProxyEnvironment): string {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']
  const set = names.find((name) => (env[name] ?? '') !== '')
  return set === undefined ? '' : ` (${set} is set; NO_PROXY names hosts that need none)`
}

/** node:tls passes over a certificate that it cannot read, and trusts nobody. */
export function authorityProblem(ca: string | null): ProviderFault | undefined {
  if (ca === null) return undefined
  const blocks = ca.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  if (blocks.length > 0 && blocks.every(isCertificate)) return undefined
  const fix = `write \`ca: \${file:/path/to/ca.pem}\`, a file in PEM`
  return faulty('its `ca` holds a certificate that cannot be read', fix)
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function faulty(problem: string, fix: string): ProviderFault {
  return { kind: 'faulty', problem, fix }
}
