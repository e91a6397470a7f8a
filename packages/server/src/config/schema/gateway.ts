import { Type } from 'typebox'
import { claimMatch } from './providers.ts'
import {
  list,
  mapOf,
  type Notes,
  nullable,
  oneOf,
  pattern,
  roleName,
  secondsDuration,
  section,
  text,
  textOrList,
} from './vocabulary.ts'

const hostPattern = pattern(
  '^(?:(?:\\*\\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?$',
  {
    description: 'A host, or *. and a host; an IPv6 address stands in brackets.',
    expects: 'a host such as app.example.com or *.example.com (no scheme, no path)',
    sample: 'sample.invalid',
  },
)

const conditions = section(
  {
    roles: nullable(Type.Array(roleName, { minItems: 1 }), { description: 'Any of these roles.' }),
    allRoles: nullable(Type.Array(roleName, { minItems: 1 }), {
      description: 'All of these roles.',
    }),
    users: nullable(Type.Array(text({ description: 'A uid.' }), { minItems: 1 }), {
      description: 'Any of these uids.',
    }),
    claims: nullable(claimMatch, { description: 'For each claim any of the values.' }),
    idp: nullable(text({ description: 'An id.' }), { description: 'Signed in at this provider.' }),
    acr: nullable(textOrList({ description: 'A level or levels.' }), {
      description: 'Signed in at any of these levels.',
    }),
    maxAge: nullable(secondsDuration({ description: 'A duration.' }), {
      description: 'Signed in no longer ago than this.',
    }),
  },
  { description: 'Conditions of which all must hold.' },
)

const issuers = section(
  {
    issuers: list(
      section(
        {
          issuer: text({ description: 'The issuer.', sample: 'https://sample.invalid' }),
          audience: textOrList({ description: 'The audience that its tokens must have.' }),
        },
        { description: 'An issuer.' },
      ),
      { description: 'Issuers whose tokens are verified and accepted.', minItems: 1 },
    ),
  },
  { description: 'Tokens of others.' },
)

function headerTemplates(notes: Notes) {
  const template = Type.String({ expects: 'a template', sample: '' })
  const keyExpects = 'the name of an HTTP header'
  return mapOf("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$", template, { ...notes, keyExpects })
}

const rule = section(
  {
    hosts: Type.Array(hostPattern, {
      description: 'Hosts that it is for: exact, or *. for one or more labels.',
      minItems: 1,
      expects: 'a list of hosts',
      sample: ['sample.invalid'],
    }),
    paths: nullable(
      Type.Array(
        pattern('^/', {
          description: 'A path.',
          expects: 'a path that begins with /',
          sample: '/',
        }),
        { minItems: 1 },
      ),
      {
        description: 'Paths: * is one segment, ** any number. Unless given: all.',
      },
    ),
    methods: nullable(
      Type.Array(
        pattern('^[A-Z][A-Z-]{0,31}$', {
          description: 'A method.',
          expects: 'a method in capitals, such as GET',
          sample: 'GET',
        }),
        { minItems: 1 },
      ),
      { description: 'HTTP methods; GET stands for HEAD as well. Unless given: all.' },
    ),
    require: Type.Union([Type.Literal('none'), Type.Literal('session'), conditions], {
      description: 'none, session, or an object of conditions.',
      default: 'session',
      expects: 'none, session or an object of conditions',
    }),
    idp: nullable(text({ description: 'An id.' }), {
      description: 'The provider that a sign-in for it begins at.',
    }),
    bearer: Type.Union([Type.Literal('curfew'), Type.Literal('ignore'), issuers], {
      description:
        'Which bearer tokens count: ours, none (only the cookie), or those of other issuers.',
      default: 'curfew',
      expects: 'curfew, ignore or {issuers: [{issuer, audience}]}',
    }),
    audience: nullable(text({ description: 'An audience.' }), {
      description:
        "The audience of accessToken in its headers. Unless given: the application's origin.",
    }),
    headers: nullable(headerTemplates({ description: 'Header names and templates.' }), {
      description: 'In place of gateway.headers.',
    }),
    preflight: oneOf(['allow', 'deny'], {
      description: 'What a CORS preflight is told.',
      default: 'allow',
    }),
  },
  { description: 'A rule.' },
)

export const gatewaySchema = section(
  {
    cookie: section(
      {
        domain: nullable(hostPattern, {
          description: "The cookie's domain, to cover several hosts; null: the public host alone.",
        }),
        sameSite: oneOf(['lax', 'strict', 'none'], {
          description: "The cookie's SameSite.",
          default: 'lax',
        }),
      },
      {
        description:
          "The browser's cookie. Its name is __Host-curfew; __Secure-curfew with a domain; curfew when publicUrl is http.",
        default: {},
      },
    ),
    prefix: pattern('^/(?!\\.{1,2}$)[A-Za-z0-9._~-]{1,64}$', {
      description: "What the gateway answers itself on the applications' hosts.",
      default: '/.curfew',
      expects: 'a path of one segment such as /.curfew',
    }),
    listen: nullable(
      pattern('^(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$', {
        description: 'host:port',
        expects: 'an address such as 127.0.0.1:4456',
        sample: '127.0.0.1:0',
      }),
      { description: 'A listener of its own for /forward-auth.' },
    ),
    returnTo: list(hostPattern, {
      description: 'More hosts that sign-in may return to, such as *.example.com.',
    }),
    rules: list(rule, {
      description:
        'What is asked of a request; the first match wins, the last resort is a session.',
    }),
    headers: headerTemplates({
      description: "What the application receives; a rule's own headers replace them.",
      default: {
        'X-Auth-Request-User': '{{ uid }}',
        'X-Auth-Request-Email': '{{ claims.email }}',
        'X-Auth-Request-Groups': '{{ roles }}',
        Cookie: '{{ cookies }}',
      },
    }),
  },
  { description: 'Forward auth: sign-in in front of applications.', default: {} },
)
