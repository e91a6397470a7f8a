import { randomBytes } from 'node:crypto'

/** 32 random bytes in base64url: what `secrets` holds, and good for a client as well. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What `curfew init` prints: it loads as soon as the two variables that it names are set. */
export const starterConfig = `# The configuration of Curfew.
# Every setting is described in docs/reference/configuration.md; curfew check finds every mistake.
# \${NAME}, \${NAME:-default} and \${file:/run/secrets/x} are replaced.

server:
  # Where people and services reach Curfew, and the issuer of its tokens.
  # https, unless the host is loopback.
  publicUrl: \${CURFEW_PUBLIC_URL:-http://127.0.0.1:4455}
  listen: 127.0.0.1:4455
  # The proxies whose X-Forwarded-* headers are believed. The default is nobody.
  # trustedProxies: [127.0.0.1/32]

# One process needs nothing more; several replicas share PostgreSQL:
# store: postgres://user:password@host/database
store: sqlite:./curfew.db

# The key ring: 32 random bytes each, from: curfew secret new
# The first signs and seals, all of them verify. To rotate, put the new one first.
secrets:
  - \${CURFEW_SECRET}

# Your own login starts sessions with POST /sessions as the first of these clients,
# and your services read the revocation feed as the other one.
# clients:
#   - id: backend
#     secret: \${BACKEND_SECRET}
#     roles: [issuer]
#     mayGrant: [pilot]            # the roles that it may give a session
#   - id: services
#     secret: \${SERVICES_SECRET}
#     roles: [service]

# People who may administer: by uid, or by a provider's verified e-mail address.
# users:
#   - { match: "main:8f3c", roles: [admin] }
#   - { match: { idp: main, email: alice@example.com }, roles: [admin] }

# Sign-in with an OpenID provider.
# identityProviders:
#   - id: main
#     issuer: https://idp.example.com
#     preset: keycloak
#     clientId: curfew
#     clientSecret: \${IDP_SECRET}

tokens:
  accessTtl: 5m
  refreshTtl: 30d
  # audience: [https://api.example.com]

sessions:
  absoluteTtl: 30d
  idleTtl: 7d
  # devices:
  #   app: { policy: single, idleTtl: 60d, absoluteTtl: 365d, lostResponse: 24h }
  #   web: { policy: multiple, limit: 20 }
  #   pc:  { policy: shared }

# Sign-in in front of applications, for nginx, Traefik, Caddy, HAProxy or Envoy.
# gateway:
#   rules:
#     - { hosts: [app.example.com], paths: [/health], require: none }
#     - { hosts: ["*.example.com"], require: session }
`
