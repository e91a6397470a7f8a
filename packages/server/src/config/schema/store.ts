import { Type } from 'typebox'
import { list, nullable, pattern, secretText, section, text } from './vocabulary.ts'

export const storeSchema = pattern('^(?:sqlite:.+|postgres(?:ql)?://.+)$', {
  description:
    'Where sessions live: sqlite:PATH (relative to the working directory; one process) or postgres://user:password@host/database (any number of replicas).',
  default: 'sqlite:./curfew.db',
  expects: 'sqlite:PATH or postgres://user:password@host/database',
  secret: true,
})

const redisUrl = pattern('^rediss?://.+$', {
  description: 'redis:// or, with TLS, rediss://.',
  expects: 'a URL such as redis://127.0.0.1:6379',
  secret: true,
  sample: 'redis://127.0.0.1:6379',
})

const keyPrefix = pattern('^[!-~]{0,64}$', {
  description: "What all of Curfew's keys begin with.",
  default: 'curfew:',
  expects: 'at most 64 printable ASCII characters',
})

const ca = nullable(text({ description: 'PEM.' }), {
  description: `Certificates (PEM) of a private authority to trust for rediss://: \${file:/path}.`,
})

const shared = { keyPrefix, ca }

const single = section({ url: redisUrl, ...shared }, { description: 'One server.' })

const cluster = section(
  {
    cluster: list(redisUrl, { description: 'Some nodes of the cluster.', minItems: 1 }),
    ...shared,
  },
  { description: 'A cluster.' },
)

const sentinel = section(
  {
    sentinel: section(
      {
        master: text({ description: 'The name of the master.' }),
        nodes: list(redisUrl, { description: 'The sentinels.', minItems: 1 }),
        username: nullable(text({ description: 'A user name.' }), {
          description: 'The user name at the master.',
        }),
        password: nullable(secretText({ description: 'A password.' }), {
          description: 'The password at the master.',
        }),
      },
      { description: 'The sentinels and the master that they watch.' },
    ),
    ...shared,
  },
  { description: 'A master behind sentinels.' },
)

export const redisSchema = nullable(Type.Union([redisUrl, single, cluster, sentinel]), {
  description:
    'Optional: a cache and a faster push between replicas. A URL, {url}, {cluster: [urls]} or {sentinel: {master, nodes}}; each object may have keyPrefix and ca.',
  expects: 'a redis:// URL, {url}, {cluster} or {sentinel}',
})

export const secretsSchema = Type.Array(
  secretText({
    description: '32 random bytes in base64url, from `curfew secret new`.',
    sample: 'A'.repeat(43),
  }),
  {
    description:
      'The key ring: 32 random bytes in base64url each (`curfew secret new`). The first signs and seals, all of them verify and unseal. To rotate: put the new one first, remove the old one later.',
    minItems: 1,
    maxItems: 16,
    sample: ['A'.repeat(43)],
    expects: 'a list of secrets',
  },
)
