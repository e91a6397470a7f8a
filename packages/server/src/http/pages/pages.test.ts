import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostileText } from '#test/http/hostile-text.ts'
import { plainBrand } from './brand.ts'
import { english } from './english.ts'
import { html } from './html.ts'
import {
  type AccountDevice,
  type AccountView,
  accountPage,
  choicePage,
  confirmAccountPage,
  confirmSignOutPage,
  consoleLinkPage,
  continuePage,
  decideDevicePage,
  deviceResultPage,
  endedPage,
  enterCodePage,
  errorPage,
  forbiddenPage,
  frontChannelDonePage,
  homePage,
  type Look,
  notFoundPage,
  type Page,
  signedOutPage,
  type Texts,
  unavailablePage,
} from './index.ts'

/** Every page that a person sees, with `text` wherever a caller puts text of others. */
function pagesWith(text: string, look?: Look): Readonly<Record<string, Page>> {
  const url = '/login?idp=a&b=c'
  const ways = {
    ...{ signInUrl: url, signOutUrl: '/signout' },
    ...{ accountUrl: '/account', consoleUrl: '/console/' },
  }
  return {
    home: homePage({ uid: text, ...ways }, look),
    'home of nobody': homePage({ uid: null, ...ways }, look),
    choice: choicePage({ providers: [{ name: text, url }] }, look),
    'go on': continuePage(
      {
        clientId: text,
        url: 'com.example.app:/cb?code=x',
        redirectUri: 'com.example.app:/cb',
        outcome: 'done',
      },
      look,
    ),
    'back to the application': continuePage(
      {
        clientId: text,
        url: 'http://[::1]:9/cb?error=x',
        redirectUri: 'http://[::1]:9/cb',
        outcome: 'failed',
      },
      look,
    ),
    'choice of none': choicePage({ providers: [] }, look),
    confirm: confirmSignOutPage(
      { action: '/signout', fields: { [`n${text}`]: text, state: text }, uid: text },
      look,
    ),
    'way in': consoleLinkPage({ action: '/console/link', uid: text, token: 'cfl_x' }, look),
    'signed out': signedOutPage({ returnTo: 'https://app.example.com/', signInUrl: url }, look),
    'signed out, and back': signedOutPage({ returnTo: '/start', signInUrl: null }, look),
    ended: endedPage({ reason: text, signInUrl: url }, look),
    'no such page': notFoundPage('/', look),
    forbidden: forbiddenPage({ detail: text, signOutUrl: '/signout', reference: text }, look),
    unavailable: unavailablePage({ detail: text, retryUrl: url, reference: text }, look),
    'unavailable, reload': unavailablePage({ detail: text, retryUrl: null, reference: null }, look),
    error: errorPage(
      {
        ...{ status: 502, title: text, text, retryUrl: url, retryWith: 'anotherAccount' },
        ...{ signOutUrl: '/signout', reference: text },
      },
      look,
    ),
    'error, dead end': errorPage(
      { status: 400, title: text, text, retryUrl: null, reference: null },
      look,
    ),
    ...devicePagesWith(text, look),
    ...accountPagesWith(text, look),
  }
}

function devicePagesWith(text: string, look?: Look): Readonly<Record<string, Page>> {
  const action = '/device'
  const asks = { clientId: text, ip: text, userAgent: text, scope: `a${text}` }
  const entering = { action, uid: text, userCode: text }
  const unsaid = { ip: null, userAgent: null, scope: '' }
  const looking = { action, userCode: text, ...asks }
  return {
    'enter a code': enterCodePage({ ...entering, problem: null }, look),
    'enter a code, again': enterCodePage({ ...entering, problem: 'unknown' }, look),
    'decide on a device': decideDevicePage({ ...looking, minutesAgo: 3, ticked: true }, look),
    'decide, and tick': decideDevicePage(
      { ...looking, ...unsaid, minutesAgo: 0, ticked: false },
      look,
    ),
    approved: deviceResultPage({ action, result: 'approved' }, look),
    'a used code': deviceResultPage({ action, result: 'decided' }, look),
  }
}

function accountPagesWith(text: string, look?: Look): Readonly<Record<string, Page>> {
  const one: AccountDevice = {
    ...{ sid: 's-1', name: text, userAgent: text, client: text, kind: text, ip: text },
    ...{ signedInAt: 0, lastUsedAt: 60_000, current: true, approvedWith: { name: text } },
  }
  const bare: AccountDevice = {
    ...{ ...one, name: null, userAgent: null, client: null, kind: 'web', ip: null },
    ...{ sid: 's-2', current: false, approvedWith: { name: null } },
  }
  const view: AccountView = {
    ...{ action: '/account', uid: text, now: 120_000, devices: [one, bare] },
    ended: [
      { name: text, userAgent: null, endedAt: 0, reason: text },
      { name: null, userAgent: text, endedAt: 0, reason: 'expired' },
    ],
    ...{ said: { kind: 'endedOthers', count: 2 }, refused: { sid: 's-1', typed: text } },
    ...{ hasOthers: true, moreUrl: '/account?cursor=a', firstUrl: '/account' },
  }
  const action = '/account'
  return {
    account: accountPage(view, look),
    'account, nothing but this one': accountPage(
      {
        ...{ ...view, devices: [one], ended: [], said: null, refused: null },
        ...{ hasOthers: false, moreUrl: null, firstUrl: null },
      },
      look,
    ),
    'sign one out': confirmAccountPage({ action, act: 'one', device: bare }, look),
    'sign this one out': confirmAccountPage({ action, act: 'one', device: one }, look),
    'sign the others out': confirmAccountPage({ action, act: 'others', device: null }, look),
    'sign out everywhere': confirmAccountPage({ action, act: 'all', device: null }, look),
  }
}

const named = Object.entries(pagesWith('Example'))

describe.each(named)('%s', (_name, page) => {
  test('is a whole document: language, title, width, not for search engines', () => {
    expect(page.html).toMatch(/^<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">/)
    expect(page.html).toMatch(/<title>\S.* · Curfew<\/title>/)
    expect(page.html).toContain('name="viewport" content="width=device-width, initial-scale=1"')
    expect(page.html).toContain('<meta name="robots" content="noindex">')
  })

  test('has one h1, and it stands in the one main', () => {
    expect(page.html.match(/<h1[ >]/g)).toHaveLength(1)
    expect(page.html.match(/<main[ >]/g)).toHaveLength(1)
    expect(page.html).toMatch(/<main>\s*<h1>[^<]+<\/h1>/)
  })

  test('C13: its policy lets in the one style that it has, and nothing else', () => {
    const styles = [...page.html.matchAll(/<style>([\s\S]*?)<\/style>/g)]
    expect(styles).toHaveLength(1)
    const hash = createHash('sha256')
      .update(styles[0]?.[1] ?? '')
      .digest('base64')
    expect(page.csp).toMatch(
      /^default-src 'none'; style-src '[^ ]+'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action [^;]+$/,
    )
    expect(page.csp).toContain(`style-src 'sha256-${hash}';`)
  })

  test('C13: has no script, no event handler, no style attribute, nothing loaded from elsewhere', () => {
    const tags = tagsOf(page).join('\n')
    expect(tags).not.toMatch(/<(?:script|iframe|object|embed|img|base|template)\b/i)
    expect(tags).not.toMatch(/\s(?:on\w+|style|src|srcset|http-equiv)=/i)
    expect(tags.match(/<link\b[^>]*>/g)).toEqual([
      expect.stringMatching(/^<link rel="icon" href="data:image\/svg\+xml,[^"]+">$/),
    ])
  })

  test('posts a form only where there is one', () => {
    const forms = tagsOf(page).filter((tag) => tag.startsWith('<form'))
    // Browsers apply it to the redirects as well, and these go to other origins.
    const source = forms.length === 0 ? "'none'" : "'self' https: http:"
    expect(page.csp).toContain(`; form-action ${source}`)
  })
})

describe('C10 and C13: whatever the text of others is, the page keeps its tags', () => {
  const skeletons = Object.values(pagesWith('x')).map(skeletonOf)

  test.each([
    '<script>alert(1)</script>',
    '</title></style><script>alert(1)</script>',
    `" onclick="alert(1)" x='`,
    '--><!--',
    '\u0000\u001b[31m\r\nSet-Cookie: a=b',
    '&lt;script&gt;',
    '${alert(1)}',
    '\u202egnp.exe',
  ])('%j', (text) => {
    expect(Object.values(pagesWith(text)).map(skeletonOf)).toEqual(skeletons)
  })

  test('and any other', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const pages = Object.values(pagesWith(text))
        expect(pages.map(skeletonOf)).toEqual(skeletons)
        for (const page of pages) expect(page.html).not.toMatch(controls)
      }),
      { numRuns: 200 },
    )
  })
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff]/u

describe('C13: an address that is no link', () => {
  const evil = 'javascript:alert(1)'

  test('is left out, and the page says what is left to do', () => {
    const pages = [
      choicePage({ providers: [{ name: 'Evil', url: evil }] }),
      signedOutPage({ returnTo: evil, signInUrl: evil }),
      forbiddenPage({ detail: 'No.', signOutUrl: evil, reference: null }),
      unavailablePage({ detail: 'No.', retryUrl: evil, reference: null }),
      errorPage({
        ...{ status: 400, title: 'No', text: 'No.', retryUrl: '//evil.example', signOutUrl: evil },
        ...{ reference: null },
      }),
    ]
    for (const page of pages) {
      expect(page.html).not.toContain('<a ')
      expect(page.html).not.toMatch(/javascript:|evil\.example/)
    }
    expect(pages[0]?.html).toContain(english.choice.none)
    expect(pages[3]?.html).toContain(english.unavailable.reload)
    expect(pages[4]?.html).toContain(english.error.deadEnd)
  })

  test('takes no other link with it', () => {
    const { html } = choicePage({
      providers: [
        { name: 'Evil', url: evil },
        { name: 'Good', url: '/login?idp=good' },
      ],
    })
    expect(linksOf(html)).toEqual([['/login?idp=good', 'Sign in with Good']])
  })

  test('is no form either: that is a mistake of ours', () => {
    const order = { action: evil, fields: {}, uid: null }
    expect(() => confirmSignOutPage(order)).toThrow(TypeError)
  })
})

describe('what a person can do', () => {
  test.each(Object.entries(pagesWith('x')))('%s: each button looks like one', (_name, { html }) => {
    for (const [, name] of html.matchAll(/<button(?: class="([^"]*)")?/g)) {
      expect(name).toMatch(/\bbutton\b/)
    }
  })

  test('the choice is in the order of the providers', () => {
    const { html } = choicePage({
      providers: [
        { name: 'Google', url: '/login?idp=google&return_to=%2F' },
        { name: 'R&D', url: 'https://auth.example.com/login?idp=rd' },
      ],
    })
    expect(linksOf(html)).toEqual([
      ['/login?idp=google&#38;return_to=%2F', 'Sign in with Google'],
      ['https://auth.example.com/login?idp=rd', 'Sign in with R&#38;D'],
    ])
  })

  test('the sign-out form posts its fields, says who, and has one button', () => {
    const { html } = confirmSignOutPage({
      action: '/signout',
      fields: { return_to: 'https://app.example.com/?a=1&b=2', state: 'x"y' },
      uid: 'alice',
    })
    expect(html).toContain('<form class="actions" method="post" action="/signout"')
    expect(html).toContain(
      '<input type="hidden" name="return_to" value="https://app.example.com/?a=1&#38;b=2">',
    )
    expect(html).toContain('<input type="hidden" name="state" value="x&#34;y">')
    expect(html).toContain('You are signed in as <bdi>alice</bdi>.')
    expect(html.match(/<button/g)).toHaveLength(1)
    // Otherwise its Origin would be null, and rule 29 would refuse it.
    expect(html).toContain('<meta name="referrer" content="same-origin">')
  })

  test('nobody is named when nobody is known', () => {
    const { html } = confirmSignOutPage({ action: '/signout', fields: {}, uid: null })
    expect(html).not.toContain('signed in as')
  })

  test('after sign-out one can sign in again, or go where one was', () => {
    const url = 'https://app.example.com/start'
    const both = signedOutPage({ returnTo: url, signInUrl: '/login' })
    expect(linksOf(both.html)).toEqual([
      ['/login', 'Sign in again'],
      [url, 'Go to app.example.com'],
    ])
    const back = signedOutPage({ returnTo: '/start', signInUrl: null })
    expect(linksOf(back.html)).toEqual([['/start', 'Go back']])
  })

  test('an error names its way on and the reference', () => {
    const order = { title: 'Not now', text: 'Begin again.', retryUrl: '/login', reference: 'ab-1' }
    const { html } = errorPage({
      ...{ ...order, status: 502, retryWith: 'anotherAccount', signOutUrl: '/signout' },
    })
    expect(linksOf(html)).toEqual([
      ['/login', 'Sign in with another account'],
      ['/signout', 'Sign out'],
    ])
    expect(html).toContain(
      '<footer><p>Error 502. Reference <code>ab-1</code>, tell it to your administrator.</p></footer>',
    )
    expect(linksOf(errorPage({ ...order, status: 502 }).html)).toEqual([['/login', 'Try again']])
  })

  test('without a reference there is no foot to the pages of the gateway', () => {
    const order = { detail: 'No.', reference: null }
    expect(forbiddenPage({ ...order, signOutUrl: '/signout' }).html).not.toContain('<footer')
    expect(unavailablePage({ ...order, retryUrl: '/' }).html).not.toContain('<footer')
  })
})

test('the page for the hidden frame of a provider is empty and may be framed', () => {
  const page = frontChannelDonePage()
  expect(page.html).toContain('<body></body>')
  expect(page.csp).toBe("default-src 'none'; base-uri 'none'; form-action 'none'")
})

test('another language is another catalogue: no English word stands in the pages themselves', () => {
  const pages = { ...pagesWith('Ж', foreignLook), frame: frontChannelDonePage(foreignLook) }
  for (const [name, page] of Object.entries(pages)) {
    expect(page.html, name).toContain('<html lang="x-test">')
    const words = page.html
      .replace(/<style>[\s\S]*?<\/style>/, '')
      .replace(/<[^>]*>/g, '')
      .replace(/Curfew|com\.example\.app:\/cb|http:\/\/|app\.example\.com|[a-z]*Ж/g, '')
    expect(words, name).not.toMatch(/[a-z]/i)
  }
})

/** English with every word replaced. */
const foreignTexts: Texts = {
  lang: 'x-test',
  times: { ago: (ms) => `Ж ${ms}`, at: (instant) => `Ж ${instant}` },
  home: { devices: 'Ж', console: 'Ж', titleIn: 'Ж', titleOut: 'Ж', nobody: 'Ж', signIn: 'Ж' },
  choice: { title: 'Ж', text: 'Ж', signInWith: (name) => html`${name}`, none: 'Ж' },
  goOn: {
    done: { title: 'Ж', text: (application) => html`Ж ${application}`, button: 'Ж' },
    failed: { title: 'Ж', text: (application) => html`Ж ${application}`, button: 'Ж' },
    signedOut: { title: 'Ж', text: (application) => html`Ж ${application}`, button: 'Ж' },
    stranger: (where) => html`Ж ${where}`,
  },
  console: {
    forAdministrators: (uid) => `Ж ${uid}`,
    ...{ byLink: { title: 'Ж', text: 'Ж' }, notBuilt: { title: 'Ж', text: 'Ж' } },
    linkOver: { title: 'Ж', text: 'Ж' },
  },
  consoleLink: { title: 'Ж', text: (uid) => html`Ж ${uid}`, once: 'Ж', signIn: 'Ж' },
  confirm: { title: 'Ж', signedInAs: (uid) => html`Ж ${uid}`, text: 'Ж', signOut: 'Ж' },
  signedOut: {
    ...{ title: 'Ж', text: 'Ж', shared: 'Ж', signIn: 'Ж', goBack: 'Ж' },
    goTo: (host) => html`Ж ${host}`,
  },
  ended: { title: 'Ж', text: 'Ж' },
  notFound: { title: 'Ж', text: 'Ж', home: 'Ж' },
  forbidden: { title: 'Ж', hint: 'Ж' },
  unavailable: { title: 'Ж', hint: 'Ж', reload: 'Ж' },
  error: {
    ...{ tryAgain: 'Ж', anotherAccount: 'Ж', signOut: 'Ж', deadEnd: 'Ж' },
    status: (status) => `Ж ${status}`,
    reference: (reference) => html`Ж ${reference}`,
  },
  device: {
    ...{ enterTitle: 'Ж', enterText: 'Ж', code: 'Ж', goOn: 'Ж', notACode: 'Ж', unknown: 'Ж' },
    ...{ title: 'Ж', client: 'Ж', address: 'Ж', program: 'Ж', time: 'Ж', scope: 'Ж' },
    ...{ notKnown: 'Ж', warning: 'Ж', tickFirst: 'Ж', approve: 'Ж', deny: 'Ж', other: 'Ж' },
    asks: (client) => html`Ж ${client}`,
    ago: (minutes) => `Ж ${minutes}`,
    sameCode: (code) => html`Ж ${code}`,
    results: {
      approved: { title: 'Ж', text: 'Ж' },
      denied: { title: 'Ж', text: 'Ж' },
      expired: { title: 'Ж', text: 'Ж' },
      decided: { title: 'Ж', text: 'Ж' },
      taken: { title: 'Ж', text: 'Ж' },
    },
  },
  problem: () => ({ title: 'Ж', text: 'Ж' }),
  notAllowed: () => 'Ж',
  notReachable: () => 'Ж',
  account: {
    ...{ title: 'Ж', text: 'Ж', thisOne: 'Ж', unnamed: 'Ж', name: 'Ж', rename: 'Ж', save: 'Ж' },
    ...{ badName: 'Ж', program: 'Ж', application: 'Ж', websites: 'Ж', kind: 'Ж', address: 'Ж' },
    ...{ notKnown: 'Ж', signedIn: 'Ж', lastUsed: 'Ж', approved: 'Ж', approvedByOther: 'Ж' },
    ...{ signOut: 'Ж', signOutOthers: 'Ж', signOutAll: 'Ж', more: 'Ж', first: 'Ж', back: 'Ж' },
    ...{ lately: 'Ж', askThis: 'Ж', askOthers: 'Ж', askAll: 'Ж', renamed: 'Ж', endedOne: 'Ж' },
    already: 'Ж',
    runsOn: () => 'Ж',
    kinds: { web: 'Ж', app: 'Ж', pc: 'Ж' },
    approvedBy: (device) => html`Ж ${device}`,
    signOutOf: (device) => `Ж ${device}`,
    renameOf: (device) => `Ж ${device}`,
    ended: (ago) => `Ж ${ago}`,
    asks: {
      one: { title: 'Ж', button: 'Ж' },
      others: { title: 'Ж', button: 'Ж' },
      all: { title: 'Ж', button: 'Ж' },
    },
    askOne: (device) => html`Ж ${device}`,
    endedOthers: (count) => `Ж ${count}`,
  },
  reasons: {
    ...{ user_logout: 'Ж', user_logout_all: 'Ж', user_logout_others: 'Ж', admin_revoke: 'Ж' },
    ...{ superseded: 'Ж', device_limit: 'Ж', refresh_reuse: 'Ж', idp_logout: 'Ж' },
    ...{ idp_refused: 'Ж', user_disabled: 'Ж', restored: 'Ж', expired: 'Ж' },
  },
  otherReason: (reason) => html`Ж ${reason}`,
  frontChannelDone: { title: 'Ж' },
}

const foreignLook: Look = { texts: foreignTexts, brand: plainBrand }

/** Text and quoted values hold no angle bracket, so this is all tags and nothing else. */
function tagsOf({ html }: Page): readonly string[] {
  return html.replace(/(<style>)[\s\S]*?(<\/style>)/, '$1$2').match(/<[^>]*>/g) ?? []
}

/** The tags with the names of their attributes; a hidden field's name and value are text of others. */
function skeletonOf(page: Page): readonly string[] {
  return tagsOf(page).map((tag) => tag.replace(/"[^"]*"/g, '""'))
}

function linksOf(html: string): readonly (readonly string[])[] {
  const links = html.matchAll(/<a class="button(?: first)?" href="([^"]*)">([\s\S]*?)<\/a>/g)
  return [...links].map(([, url = '', label = '']) => [url, label.replace(/<[^>]*>/g, '')])
}
