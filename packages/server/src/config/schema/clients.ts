import { Type } from 'typebox'
import {
  flag,
  list,
  mapOf,
  nullable,
  oneOf,
  pattern,
  roleName,
  secondsDuration,
  secretText,
  section,
  text,
  url,
} from './vocabulary.ts'

/** What `grants` may name: the values of RFC 6749's grant_type, and short names for the long ones. */
const grantNames = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'device_code',
  'token_exchange',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const

const secret = secretText({ description: 'A secret.', sample: 'sample' })

const jwk = mapOf('^.+$', Type.Unknown({ description: 'A member.' }), {
  description: 'A public key (RFC 7517).',
  keyExpects: 'a member of a JWK',
})

const authentication = {
  id: pattern('^[A-Za-z0-9._~-]{1,64}$', {
    description: 'The client_id.',
    expects: 'a client id of at most 64 characters out of A-Z, a-z, 0-9, . _ ~ and -',
    sample: 'sample',
  }),
  secret: nullable(Type.Union([secret, Type.Array(secret, { minItems: 1, maxItems: 2 })]), {
    description:
      'The client secret, or a list of two while it is being changed. No secret and no jwks means public.',
    expects: 'a text, or a list of one or two texts',
    secret: true,
    sample: 'sample',
  }),
  jwks: nullable(
    section(
      { keys: list(jwk, { description: 'The keys.', minItems: 1 }) },
      { description: 'A key set (RFC 7517).' },
    ),
    {
      description: 'The public keys of a client that authenticates with private_key_jwt.',
      sample: { keys: [{ kty: 'OKP' }] },
    },
  ),
  jwksUri: nullable(url({ description: 'A URL.' }), {
    description: 'Where those keys are read, in place of jwks.',
    sample: 'https://sample.invalid',
  }),
}

const rights = {
  roles: list(roleName, {
    description:
      'admin administers, issuer starts sessions, service reads the revocation feed; others are for your own services. Needs a secret or keys.',
  }),
  mayGrant: list(roleName, {
    description: 'Roles that an issuer may give the sessions it starts; none of the reserved ones.',
  }),
  mayStartAdmins: flag({
    description: 'May an issuer start a session for a uid that `users` makes admin?',
    default: false,
  }),
  grants: nullable(Type.Array(oneOf(grantNames, { description: 'A grant.' }), { minItems: 1 }), {
    description:
      'What it may do at /oauth/token. Unless given: authorization_code and refresh_token with redirectUris; refresh_token for an issuer and for a public client; client_credentials with a secret or keys and either roles or no redirectUris. device_code and token_exchange are only ever given here.',
    expects: 'a list of grants',
  }),
}

const web = {
  redirectUris: list(text({ description: 'A URI.', sample: 'https://sample.invalid/' }), {
    description:
      'Where codes are sent: https, http on a loopback host, or a scheme of the application with a dot in it (com.example.app:/cb). Compared exactly. PKCE is required.',
  }),
  postLogoutRedirectUris: list(text({ description: 'A URI.', sample: 'https://sample.invalid/' }), {
    description: 'Where a person may be sent after signing out; as redirectUris.',
  }),
  origins: list(text({ description: 'An origin.', sample: 'https://sample.invalid' }), {
    description:
      'Origins that may call Curfew from a browser (CORS), beside those of redirectUris.',
  }),
}

const proof = {
  dpop: Type.Union([Type.Boolean(), Type.Literal('nonce')], {
    description:
      'Proofs of possession (DPoP, RFC 9449). false: whoever sends one gets tokens that are bound to its key. true: token requests without one are refused. nonce: as true, and each proof has to name a nonce of ours, which helps where the clocks of devices are wrong.',
    default: false,
    expects: 'true, false or nonce',
    sample: true,
  }),
}

const sessions = {
  device: nullable(text({ description: 'A device class.', sample: 'app' }), {
    description:
      'The class of its sessions (sessions.devices). Unless given: app, and web for sessions from the device grant.',
  }),
  accessTtl: nullable(secondsDuration({ description: 'A duration.' }), {
    description: 'Life of its access tokens; the shortest of client, class and global holds.',
  }),
  scopes: list(text({ description: 'A scope.' }), {
    description: 'The scopes that it may ask for.',
    default: ['openid', 'profile', 'email'],
  }),
}

export const clientsSchema = list(
  section(
    { ...authentication, ...rights, ...web, ...sessions, ...proof },
    { description: 'A client.' },
  ),
  { description: 'The applications and services that use Curfew. No secret and no keys: public.' },
)

const emailMatch = section(
  {
    idp: text({ description: 'The id of an identity provider.' }),
    email: pattern('^[^@\\s]+@[^@\\s]+$', {
      description: 'The e-mail address, verified by that provider.',
      expects: 'an e-mail address',
      sample: 'sample@sample.invalid',
    }),
  },
  { description: "A provider's verified e-mail address." },
)

export const usersSchema = list(
  section(
    {
      match: Type.Union([text({ description: 'A uid.', sample: 'sample' }), emailMatch], {
        description: 'A uid, or {idp, email}: one is never taken for the other.',
        expects: 'a uid or {idp, email}',
        sample: 'sample',
      }),
      roles: Type.Array(roleName, {
        description: 'The roles that these people have; admin comes only from here.',
        minItems: 1,
        expects: 'a list of roles',
        sample: ['role'],
      }),
    },
    { description: 'A person.' },
  ),
  { description: 'Roles for people; the only source of admin rights for them.' },
)
