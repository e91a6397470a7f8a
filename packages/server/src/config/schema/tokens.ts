import {
  duration,
  durationOrZero,
  list,
  oneOf,
  secondsDuration,
  section,
  text,
} from './vocabulary.ts'

const algorithms = ['ES256', 'EdDSA', 'RS256'] as const

export const tokensSchema = section(
  {
    accessTtl: secondsDuration({
      description: 'Life of an access token; at least twice refreshGrace.',
      default: '5m',
    }),
    refreshTtl: duration({
      description: 'How long a refresh token is good while it is not used.',
      default: '30d',
    }),
    refreshGrace: durationOrZero({
      description: 'How long a repeated refresh is answered with the same successor.',
      default: '30s',
    }),
    algorithm: oneOf(algorithms, {
      description:
        'What signs access tokens; a change publishes both keys until the old tokens have expired.',
      default: 'ES256',
    }),
    audience: list(text({ description: 'An audience.' }), {
      description: 'What clients may ask for with `resource` (RFC 8707); without it, all of it.',
    }),
    claims: list(text({ description: 'A claim.' }), {
      description:
        "Session claims copied into access tokens; not the names of the tokens' own claims.",
    }),
    keyActivationDelay: durationOrZero({
      description:
        'How long a new first secret, and a new signing key, is known everywhere before it signs (at once on an empty store).',
      default: '10m',
    }),
  },
  { description: 'Access and refresh tokens.', default: {} },
)
