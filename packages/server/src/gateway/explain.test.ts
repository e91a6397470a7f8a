import { expect, test } from 'vitest'
import { conditions, now, rule, settings, subject } from '#test/gateway/requests.ts'
import { type Explanation, explain } from './explain.ts'
import { RuleBook } from './rules.ts'

const book = new RuleBook(
  settings({
    rules: [
      rule({ paths: ['/health'], require: { kind: 'none' } }),
      rule({ hosts: ['other.example.com'] }),
      rule({ paths: ['/admin/**'], methods: ['POST'] }),
      rule({ paths: ['/admin/**'], require: { ...conditions, roles: ['ops'] } }),
      rule({ hosts: ['*.example.com'] }),
    ],
  }),
)

function ask(url: string, who: ReturnType<typeof subject> | null = subject()): Explanation {
  return explain(book, { url, method: 'GET', subject: who, prefix: '/.curfew', now })
}

test('it names the rule, what is missing, and why earlier rules do not decide', () => {
  expect(ask('https://APP.example.com/admin/x?y')).toEqual({
    ...{ kind: 'explained', method: 'GET', host: 'app.example.com', path: '/admin/x' },
    ...{ suspicious: false, verdict: 'forbidden', decidedBy: 'gateway.rules[3]', unmet: 'roles' },
    require: { ...conditions, roles: ['ops'] },
    why: 'it asks for roles, which this session does not have',
    passedOver: [
      { rule: 'gateway.rules[0]', because: 'path' },
      { rule: 'gateway.rules[2]', because: 'method' },
    ],
  })
})

test.each([
  ['https://app.example.com/health', 'allow', 'gateway.rules[0]'],
  ['https://app.example.com/x', 'allow', 'gateway.rules[4]'],
  ['https://app.example.com/%2e%2e/health', 'forbidden', 'gateway.rules[3]'],
  ['https://x.example.org/', 'forbidden', null],
  ['https://app.example.com/.curfew/signout', 'own', null],
])('%s: %s by %s', (url, verdict, decidedBy) => {
  expect(ask(url)).toMatchObject({ verdict, decidedBy })
})

test('with nobody signed in it is a sign-in', () => {
  expect(ask('https://app.example.com/', null)).toMatchObject({ verdict: 'sign-in' })
})

test.each(['app.example.com', 'https://a b/', 'https://app.example.com/%ff'])(
  '%s is no URL',
  (url) => {
    expect(ask(url)).toMatchObject({ kind: 'unreadable' })
  },
)
