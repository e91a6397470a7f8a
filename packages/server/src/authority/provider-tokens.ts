import { Secret, type SessionId } from '#domain'
import type { ProviderTokens, TokenSeal } from './provider-ports.ts'

export type OpenedTokens =
  | { readonly kind: 'opened'; readonly tokens: ProviderTokens }
  /** Sealed under a secret that this process lacks: 503, another replica may hold it (rule 14). */
  | { readonly kind: 'key-missing' }
  /** Damaged, or of another row. */
  | { readonly kind: 'unreadable' }

/** The row's identity is the associated data: sealed tokens are good in their own row alone. */
export function sealTokens(seal: TokenSeal, sid: SessionId, tokens: ProviderTokens): string {
  const plain = {
    a: tokens.accessToken?.reveal() ?? null,
    i: tokens.idToken?.reveal() ?? null,
    r: tokens.refreshToken?.reveal() ?? null,
  }
  return seal.seal('provider-tokens', [sid], new Secret(JSON.stringify(plain)))
}

export function openTokens(seal: TokenSeal, sid: SessionId, sealed: string): OpenedTokens {
  const opened = seal.unseal('provider-tokens', [sid], sealed)
  if (opened.kind !== 'opened') return { kind: opened.kind }
  const { a, i, r } = JSON.parse(opened.plaintext.reveal()) as Record<'a' | 'i' | 'r', unknown>
  const tokens = { accessToken: secretOr(a), idToken: secretOr(i), refreshToken: secretOr(r) }
  return { kind: 'opened', tokens }
}

function secretOr(value: unknown): Secret | null {
  return typeof value === 'string' ? new Secret(value) : null
}
