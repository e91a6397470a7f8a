/*
 * The rules that keep the dead dead and the living alive, by number and name, with where each is enforced.
 * A test belongs to a rule when its title begins `rule N name:`; tools/rules.ts finds the tests, writes
 * docs/reference/rules.md and refuses a rule of this table that has none. To say where a rule is enforced,
 * add the path to `enforcedIn`; when a later part is built, change `reach`.
 */

export type Reach =
  | { readonly kind: 'built' }
  /** Built but for what is named: it has tests, and more will come. */
  | { readonly kind: 'partly'; readonly waitsFor: string }
  | { readonly kind: 'later'; readonly waitsFor: string }

export type Rule = {
  readonly number: number
  readonly name: string
  readonly summary: string
  readonly enforcedIn: readonly string[]
  /** The issues that build it. */
  readonly issues: readonly number[]
  readonly reach: Reach
}

const built: Reach = { kind: 'built' }

export const rules: readonly Rule[] = [
  {
    number: 1,
    name: 'fence',
    summary:
      'A sign-in that began before its user was signed out everywhere, or disabled, cannot finish; no clock is compared.',
    enforcedIn: [
      'packages/server/src/stores/acts/start.ts',
      'packages/server/src/stores/acts/ends.ts',
      'packages/server/src/authority/start.ts',
    ],
    issues: [2, 6],
    reach: built,
  },
  {
    number: 2,
    name: 'no way back',
    summary:
      'Every write of a session raises its version, only ends touch an ended row, and the database itself refuses to undo an end.',
    enforcedIn: [
      'packages/server/src/domain/transition.ts',
      'packages/server/src/stores/acts/sessions.ts',
    ],
    issues: [2],
    reach: built,
  },
  {
    number: 3,
    name: 'cache proposes',
    summary:
      'A cached row may answer a good check or propose a change; every refusal is decided on a row just read.',
    enforcedIn: [
      'packages/server/src/authority/apply.ts',
      'packages/server/src/cache/last-changes.ts',
    ],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 4,
    name: 'every mint is a swap',
    summary:
      'An access token leaves only after the row that records it is committed, and never outlives its session.',
    enforcedIn: ['packages/server/src/domain/minting.ts', 'packages/server/src/authority/apply.ts'],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 5,
    name: 'snapshot as of',
    summary:
      'A snapshot says up to which feed number it is true, and answers only where the denylist holds every later end.',
    enforcedIn: [
      'packages/server/src/cache/snapshots.ts',
      'packages/server/src/cache/two-levels.ts',
      'packages/server/src/feed/tail.ts',
    ],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 6,
    name: "the store's clock",
    summary:
      "The time is the database's: conditions of time are judged there again, and a process clock alone decides nothing.",
    enforcedIn: ['packages/server/src/clock.ts', 'packages/server/src/stores/clock.ts'],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 7,
    name: 'restored',
    summary:
      'A database brought back from a backup gets a new epoch, so that no cursor or cache of the lost time is believed.',
    enforcedIn: [
      'packages/server/src/stores/epoch.ts',
      'packages/server/src/feed/store-source.ts',
      'packages/server/src/feed/shared-mark.ts',
      'packages/server/src/cli/recover.ts',
    ],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 8,
    name: 'expired frees its place',
    summary:
      'An expired session does not block the next sign-in of its device class, and idle expiry counts only written use.',
    enforcedIn: [
      'packages/server/src/domain/placement.ts',
      'packages/server/src/stores/acts/start.ts',
    ],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 9,
    name: 'joins',
    summary:
      'A shared session is joined only by its like (client, provider, roles, strength), and a joiner gets no refresh token.',
    enforcedIn: [
      'packages/server/src/domain/placement.ts',
      'packages/server/src/authority/start.ts',
    ],
    issues: [2, 3, 6],
    reach: built,
  },
  {
    number: 10,
    name: 'sender',
    summary:
      'A refresh token repeated by another client or key is stolen and ends its session; a change of network is not.',
    enforcedIn: ['packages/server/src/domain/refresh.ts'],
    issues: [2, 6],
    reach: built,
  },
  {
    number: 11,
    name: 'grace',
    summary:
      'A lost answer may be asked for again within the grace, which an outage of the store does not use up.',
    enforcedIn: [
      'packages/server/src/domain/refresh.ts',
      'packages/server/src/config/rules/rules.ts',
    ],
    issues: [2],
    reach: built,
  },
  {
    number: 12,
    name: 'session token',
    summary:
      'Session tokens come from the start of a session alone; signing in anew and key retirement replace them.',
    enforcedIn: [
      'packages/server/src/authority/token-set.ts',
      'packages/server/src/authority/present.ts',
    ],
    issues: [2, 3],
    reach: built,
  },
  {
    number: 13,
    name: 'two locks',
    summary:
      'To forge an opaque token takes both the secret and the row; either alone is not enough.',
    enforcedIn: ['packages/server/src/tokens/opaque.ts'],
    issues: [2],
    reach: built,
  },
  {
    number: 14,
    name: 'key ring',
    summary:
      'A key that the fleet knows and this process lacks is an outage, not a bad token; a new key waits before it signs.',
    enforcedIn: [
      'packages/server/src/tokens/key-ring.ts',
      'packages/server/src/authority/key-missing.ts',
    ],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 15,
    name: 'audience',
    summary:
      'What an application behind the gateway receives can never act as its user on Curfew itself.',
    enforcedIn: [
      'packages/server/src/tokens/access-tokens.ts',
      'packages/server/src/authority/present.ts',
      'packages/server/src/authority/upstream-token.ts',
      'packages/server/src/http/browser/page-cookie.ts',
      'packages/server/src/http/callers.ts',
    ],
    issues: [2, 3, 7],
    reach: built,
  },
  {
    number: 16,
    name: 'one credential',
    summary: 'A request that carries credentials of different sessions is refused, not guessed at.',
    enforcedIn: [
      'packages/server/src/http/credentials.ts',
      'packages/server/src/gateway/credential.ts',
    ],
    issues: [2, 3],
    reach: built,
  },
  {
    number: 17,
    name: 'roles',
    summary:
      'The reserved roles come from the configuration alone, and no client grants more than it was allowed to.',
    enforcedIn: [
      'packages/server/src/authority/roles.ts',
      'packages/server/src/authority/issue.ts',
      'packages/server/src/oidc/identity.ts',
      'packages/server/src/live-policy.ts',
    ],
    issues: [2, 3, 6],
    reach: built,
  },
  {
    number: 18,
    name: 'clients',
    summary:
      'A confidential client always authenticates, its own tokens name it as no user can be named, and secrets rotate.',
    enforcedIn: [
      'packages/server/src/http/client-auth.ts',
      'packages/server/src/tokens/client-secrets.ts',
    ],
    issues: [2, 6],
    reach: built,
  },
  {
    number: 19,
    name: 'no secret in a URL',
    summary: 'No token or code that opens anything is accepted from, or written into, a URL.',
    enforcedIn: [
      'packages/server/src/http/credentials.ts',
      'packages/server/src/http/codes-in-urls.ts',
    ],
    issues: [2, 6],
    reach: built,
  },
  {
    number: 20,
    name: 'Redis is not trusted',
    summary:
      'What a channel or a shared cache says is a hint: unreadable means missing, and only the feed confirms an end.',
    enforcedIn: [
      'packages/verifier/src/hints.ts',
      'packages/verifier/src/feed-reader.ts',
      'packages/server/src/cache/shared-value.ts',
      'packages/server/src/cache/two-levels.ts',
      'packages/server/src/feed/channel-hints.ts',
      'packages/server/src/feed/shared-mark.ts',
    ],
    issues: [2, 4, 5],
    reach: built,
  },
  {
    number: 21,
    name: 'lease',
    summary:
      "A provider refresh counts if the session lives and the token sent is still the row's; silence is never a refusal.",
    enforcedIn: [
      'packages/server/src/domain/provider.ts',
      'packages/server/src/authority/provider-attempt.ts',
      'packages/server/src/authority/provider-refresh.ts',
    ],
    issues: [3],
    reach: built,
  },
  {
    number: 22,
    name: 'siblings',
    summary:
      'Where revoking one token ends the whole grant, the last session of the user asks for it.',
    enforcedIn: [
      'packages/server/src/authority/provider-revocation.ts',
      'packages/server/src/oidc/presets.ts',
    ],
    issues: [3, 5],
    reach: built,
  },
  {
    number: 23,
    name: 'late sign-in',
    summary: "A provider's logout that overtakes the sign-in it belongs to still ends it.",
    enforcedIn: [
      'packages/server/src/stores/acts/provider-ends.ts',
      'packages/server/src/stores/acts/provider-admission.ts',
      'packages/server/src/authority/provider-logout.ts',
    ],
    issues: [3],
    reach: built,
  },
  {
    number: 24,
    name: 'identity deadline',
    summary:
      'An identity outlives its provider tokens by the configured grace and no longer; its session waits for a new sign-in.',
    enforcedIn: [
      'packages/server/src/authority/provider-standing.ts',
      'packages/server/src/authority/check-session.ts',
    ],
    issues: [3],
    reach: built,
  },
  {
    number: 25,
    name: 'every header, always',
    summary:
      'Each allowed request overwrites every identity header, so that nothing a client sent gets through.',
    enforcedIn: [
      'packages/server/src/gateway/headers.ts',
      'packages/server/src/gateway/templates.ts',
    ],
    issues: [3],
    reach: built,
  },
  {
    number: 26,
    name: 'one dialect',
    summary:
      'One named source tells the original URL, all of it; an ambiguous path is never public.',
    enforcedIn: [
      'packages/server/src/gateway/original-request.ts',
      'packages/server/src/gateway/endpoint.ts',
      'packages/server/src/gateway/canonical.ts',
    ],
    issues: [3],
    reach: built,
  },
  {
    number: 27,
    name: 'return',
    summary:
      'Sign-in returns only to known hosts, in the browser that began it, with a session of its own.',
    enforcedIn: [
      'packages/server/src/gateway/return-to.ts',
      'packages/server/src/authority/sign-in.ts',
      'packages/server/src/http/routes/callback.ts',
    ],
    issues: [3],
    reach: built,
  },
  {
    number: 28,
    name: 'hosts',
    summary:
      'A session reaches another host by cookie domain or by a one-time code, never by a token in a URL.',
    enforcedIn: [
      'packages/server/src/gateway/hand-off.ts',
      'packages/server/src/gateway/cookie-reach.ts',
      'packages/server/src/gateway/own-answers.ts',
    ],
    issues: [3],
    reach: built,
  },
  {
    number: 29,
    name: 'CSRF',
    summary:
      'A request that changes something with a cookie proves that it comes from our own pages.',
    enforcedIn: [
      'packages/server/src/http/browser/fetch-metadata.ts',
      'packages/server/src/http/callers.ts',
      'packages/server/src/http/routes/sign-out.ts',
      'packages/server/src/http/routes/device-page.ts',
      'packages/server/src/http/routes/account-page.ts',
    ],
    issues: [3, 7],
    reach: built,
  },
  {
    number: 30,
    name: 'dead at logout',
    summary:
      'Logging out of what is gone already succeeds, and a refresh token that was replaced can still end its session.',
    enforcedIn: ['packages/server/src/authority/logout.ts'],
    issues: [2],
    reach: built,
  },
  {
    number: 31,
    name: 'approval',
    summary: 'Only the session that scanned approves a device, and what it began ends with it.',
    enforcedIn: [
      'packages/server/src/domain/device-authorization.ts',
      'packages/server/src/authority/devices.ts',
      'packages/server/src/stores/acts/device-authorizations.ts',
      'packages/server/src/stores/acts/vouchers.ts',
      'packages/server/src/stores/acts/ends.ts',
    ],
    issues: [6],
    reach: built,
  },
  {
    number: 32,
    name: 'exchange',
    summary: 'An ID token buys a session once, while it is fresh, from an audience that was named.',
    enforcedIn: [
      'packages/server/src/oidc/subject-token.ts',
      'packages/server/src/oidc/subject-token-claims.ts',
      'packages/server/src/authority/exchange.ts',
      'packages/server/src/http/grants/token-exchange.ts',
    ],
    issues: [6],
    reach: built,
  },
  {
    number: 33,
    name: 'codes',
    summary: 'An authorization code works once; its second use ends what the first one started.',
    enforcedIn: [
      'packages/server/src/stores/acts/codes.ts',
      'packages/server/src/authority/authorization-code.ts',
      'packages/server/src/http/authorization/redirect-uri.ts',
      'packages/server/src/http/authorization/to-application.ts',
    ],
    issues: [6],
    reach: built,
  },
  {
    number: 34,
    name: 'DPoP',
    summary: 'A token bound to a key is refused without its proof, at every endpoint.',
    enforcedIn: [
      'packages/verifier/src/dpop-proof.ts',
      'packages/verifier/src/verifier.ts',
      'packages/server/src/tokens/dpop.ts',
      'packages/server/src/http/dpop.ts',
      'packages/server/src/forward-auth-ports.ts',
      'packages/server/src/gateway/hot-path.ts',
      'packages/server/src/oidc/foreign-claims.ts',
    ],
    issues: [4, 6],
    reach: built,
  },
  {
    number: 35,
    name: 'stale',
    summary:
      'A process that cannot know the latest ends says so, also after it slept; one that ends a session knows it first.',
    enforcedIn: [
      'packages/server/src/feed/tail.ts',
      'packages/server/src/authority/apply.ts',
      'packages/verifier/src/feed-reader.ts',
      'packages/verifier/src/following.ts',
      'packages/server/src/cache/snapshots.ts',
      'packages/server/src/gateway/hot-path.ts',
    ],
    issues: [2, 4, 5],
    reach: built,
  },
  {
    number: 36,
    name: 'one writer of SQLite',
    summary:
      'A second server on the same file is refused; the command line may write beside the first.',
    enforcedIn: ['packages/server/src/stores/sqlite/serve-lock.ts'],
    issues: [2, 5],
    reach: built,
  },
  {
    number: 37,
    name: 'limits',
    summary:
      'Whatever a stranger can make us do has a limit in one table, answered with 429 and Retry-After.',
    enforcedIn: [
      'packages/server/src/http/limits.ts',
      'packages/server/src/http/user-code-guesses.ts',
      'packages/server/src/oidc/issuer-keys.ts',
    ],
    issues: [2, 6],
    reach: built,
  },
  {
    number: 38,
    name: 'feed time',
    summary:
      'Times in the feed rise with its numbers, and a reader that follows by time loses nothing.',
    enforcedIn: [
      'packages/server/src/stores/acts/ends.ts',
      'packages/server/src/stores/acts/feed.ts',
    ],
    issues: [2],
    reach: built,
  },
  {
    number: 39,
    name: 'leeway',
    summary:
      "An expired token is expired: clocks are corrected by the server's, and no leeway is added.",
    enforcedIn: [
      'packages/server/src/tokens/access-tokens.ts',
      'packages/verifier/src/server-clock.ts',
      'packages/verifier/src/verifier.ts',
      'packages/server/src/oidc/foreign-tokens.ts',
    ],
    issues: [2, 4],
    reach: built,
  },
]
