import type { RawConfig } from './schema.ts'

/** Providers that are one and the same for everyone. */
const issuers: Readonly<Record<string, string>> = {
  google: 'https://accounts.google.com',
  gitlab: 'https://gitlab.com',
  github: 'https://github.com',
}

export function issuerOf(provider: RawConfig['identityProviders'][number]): string | undefined {
  return provider.issuer ?? issuers[provider.preset]
}
