/* Where an issuer publishes its keys, by its own metadata. */
import type { ProviderFetch } from './provider-http.ts'

interface Reading {
  readonly fetch: ProviderFetch
  readonly signal: AbortSignal
}

/** The issuer's `jwks_uri`. @throws Error that says why there is none that may be used */
export async function keysUrlOf(issuer: string, reading: Reading): Promise<string> {
  const [openid, oauth] = metadataUrls(issuer)
  const first = await metadataAt(openid, issuer, reading)
  if (first.kind === 'metadata') return first.keysUrl
  const second = await metadataAt(oauth, issuer, reading)
  if (second.kind === 'metadata') return second.keysUrl
  throw new Error(`${first.why}; ${second.why}`)
}

/** OpenID Connect Discovery 1.0, section 4.1, then RFC 8414, section 3.1: the path stands elsewhere. */
function metadataUrls(issuer: string): readonly [string, string] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/+$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

type Metadata =
  | { readonly kind: 'metadata'; readonly keysUrl: string }
  | { readonly kind: 'none'; readonly why: string }

/** @throws ProviderSilent: who cannot be reached cannot be reached at another path either */
async function metadataAt(url: string, issuer: string, reading: Reading): Promise<Metadata> {
  const document = await readJson(url, reading)
  if (document.kind === 'none') return document
  const { issuer: named, jwks_uri: keysUrl } = document.value
  // RFC 8414, section 3.3: identical, character by character.
  if (named !== issuer) return none(url, `names the issuer ${shown(named)}`)
  if (typeof keysUrl !== 'string') return none(url, 'has no jwks_uri')
  const problem = keysUrlProblem(keysUrl, issuer)
  return problem === undefined ? { kind: 'metadata', keysUrl } : none(url, problem)
}

function keysUrlProblem(keysUrl: string, issuer: string): string | undefined {
  const url = URL.parse(keysUrl)
  if (url === null) return 'has a jwks_uri that is no URL'
  if (url.username !== '' || url.password !== '') return 'has a jwks_uri with a password'
  const plain = url.protocol === 'http:' && new URL(issuer).protocol === 'http:'
  return url.protocol === 'https:' || plain ? undefined : 'has a jwks_uri that is not https'
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? 'not at all'
}

type Document =
  | { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'none'; readonly why: string }

/** What stands there, when it is a JSON object. @throws ProviderSilent */
export async function readJson(url: string, { fetch, signal }: Reading): Promise<Document> {
  const headers = { accept: 'application/json, application/jwk-set+json' }
  const response = await fetch(url, { headers, signal })
  // A redirect is not followed: it could lead from https to anywhere.
  if (response.status !== 200) return none(url, `answered ${response.status}`)
  const value = parsed(await response.text())
  if (typeof value !== 'object' || value === null) return none(url, 'is no JSON object')
  return { kind: 'json', value: value as Readonly<Record<string, unknown>> }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The caller says that it is none.
    return undefined
  }
}

function none(url: string, why: string): Extract<Document, { kind: 'none' }> {
  return { kind: 'none', why: `${url} ${why}` }
}
