import { Type } from 'typebox'
import {
  duration,
  durationOrZero,
  flag,
  list,
  mapOf,
  nullable,
  oneOf,
  pattern,
  roleName,
  secretText,
  section,
  text,
  textOrList,
  url,
} from './vocabulary.ts'

const presets = [
  'generic',
  'google',
  'microsoft',
  'auth0',
  'okta',
  'keycloak',
  'cognito',
  'gitlab',
  'zitadel',
  'authentik',
  'github',
] as const

const claimValue = Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
  expects: 'a text, a number, true or false',
  sample: '',
})

/** `{name: value}` or `{name: [any of these]}`. */
export const claimMatch = mapOf(
  '^.+$',
  Type.Union([claimValue, Type.Array(claimValue, { minItems: 1 })], {
    expects: 'a value or a list of values',
    sample: '',
  }),
  {
    description: 'Claims and the values of which one must hold.',
    default: {},
    keyExpects: 'a claim',
  },
)

const allow = section(
  {
    domains: list(text({ description: 'A domain.' }), {
      description: 'Domains of a verified e-mail address, such as example.com.',
    }),
    users: list(text({ description: 'A uid or an e-mail address.' }), {
      description: 'Uids or verified e-mail addresses.',
    }),
    roles: list(roleName, { description: 'Roles of which the user must have one.' }),
    claims: claimMatch,
  },
  {
    description:
      'Who may sign in: users or domains, and roles, and claims. An empty condition lets everyone through.',
    default: {},
  },
)

const identity = {
  id: pattern('^[a-z0-9][a-z0-9_-]{0,31}$', {
    description: 'Its name here, in URLs and uids.',
    expects: 'a name of at most 32 characters out of a-z, 0-9, - and _',
    sample: 'sample',
  }),
  issuer: nullable(url({ description: 'A URL.' }), {
    description:
      'The issuer, exactly as the provider writes it: https unless its host is loopback. The presets google, gitlab and github know their own.',
  }),
  internalUrl: nullable(url({ description: 'A URL.' }), {
    description: 'Where the provider is reached from here, when that differs from its issuer.',
  }),
  ca: nullable(text({ description: 'PEM.' }), {
    description: `Certificates (PEM) of a private authority to trust for this provider: \${file:/path}.`,
  }),
  preset: oneOf(presets, {
    description: 'Settings for a kind of provider. github speaks OAuth 2.0 only.',
    default: 'generic',
  }),
}

const access = {
  clientId: text({ description: "Curfew's client id at the provider." }),
  clientSecret: nullable(secretText({ description: 'A secret.' }), {
    description:
      "Curfew's client secret at the provider; without it and privateKey, a public client.",
  }),
  privateKey: nullable(secretText({ description: 'PEM or JWK.' }), {
    description: 'A private key (PEM or JWK) for private_key_jwt, in place of clientSecret.',
  }),
  scopes: list(text({ description: 'A scope.' }), {
    description: 'What Curfew asks the provider for.',
    default: ['openid', 'profile', 'email', 'offline_access'],
    minItems: 1,
  }),
}

const mapping = {
  uid: text({
    description:
      "The user's id here: any template over claims. Of several providers at most one may do without {{ idp }}, so that none signs in another's users.",
    default: '{{ idp }}:{{ sub }}',
  }),
  rolesClaim: textOrListWithDefault(),
  claimsFrom: list(
    oneOf(['id_token', 'userinfo', 'access_token'], { description: 'A source of claims.' }),
    {
      description:
        'Where claims come from; later ones fill gaps. access_token only if it is a JWT that verifies.',
      default: ['id_token', 'userinfo'],
      minItems: 1,
    },
  ),
  trustEmail: flag({
    description: 'Take e-mail addresses as verified even where email_verified is not true.',
    default: false,
  }),
}

const lifetime = {
  maxRefreshTokenAge: durationOrZero({
    description: 'An older refresh token of the provider is not tried; 0 turns the check off.',
    default: '6h',
  }),
  graceOnFault: durationOrZero({
    description:
      'How long a session is served past its provider tokens while the provider is at fault.',
    default: '5m',
  }),
  timeout: duration({
    description: 'How long a request to the provider may take; at most 1m.',
    default: '10s',
  }),
  exchangeAudiences: list(text({ description: 'An audience.' }), {
    description: 'Audiences whose ID tokens may be exchanged for a session; never clientId.',
  }),
  allow,
}

function textOrListWithDefault() {
  return textOrList({
    description:
      'The claim (a name or a JSON pointer) that holds the roles, or a list of them. One text counts as one role.',
    default: 'roles',
  })
}

export const identityProvidersSchema = list(
  section({ ...identity, ...access, ...mapping, ...lifetime }, { description: 'A provider.' }),
  { description: 'The OpenID providers that people sign in with.' },
)
