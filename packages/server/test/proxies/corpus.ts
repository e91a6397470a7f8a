/* Requests that have led around gateways elsewhere, or might: kept as data, one line each. */

/** Where the rules of the tests differ: everybody, only ops, and everybody who is signed in. */
const open = '/public'
const guarded = '/admin'

/** Ways to say one path and mean another. */
export const crookedTargets: readonly string[] = [
  // Dot segments, plain and encoded, once and twice.
  ...[
    '..',
    '%2e%2e',
    '.%2e',
    '%2E.',
    '%252e%252e',
    '..%00',
    '..;',
    '..;x=1',
    '%2e%2e;',
    '%c0%ae%c0%ae',
  ].flatMap((up) => [`${open}/${up}${guarded}/x`, `${open}/a/${up}/${up}${guarded}/x`]),
  // Slashes that are none, or are two.
  ...[
    '%2f',
    '%2F',
    '%5c',
    '\\',
    '//',
    '/./',
    '%252f',
    '%c0%af',
    '/%2f',
    ';/',
    '/;/',
    '%e2%81%84',
  ].flatMap((slash) => [
    `${open}/..${slash}admin/x`,
    `${open}${slash}..${slash}admin/x`,
    `${slash.startsWith('/') ? '' : '/'}${slash}admin/x`,
    `/admin${slash}x`,
  ]),
  // The rule's path in a part that is no path.
  ...['?', '#', '%3f', '%23', ';', '%3b', '?x=', '#/', '%00', '%20', '%0a', '%0d%0a', '\t'].flatMap(
    (mark) => [
      `${guarded}/x${mark}${open}/`,
      `${guarded}${mark}${open}/x`,
      `${open}/x${mark}/..${guarded}/x`,
    ],
  ),
  // The same letters by other means.
  ...[
    '/%61dmin/x',
    '/%2561dmin/x',
    '/adm%69n/x',
    '/admin%2fx',
    '/%u0061dmin/x',
    '/a%64min/x/',
    '/\u00e1dmin/x',
  ],
  ...[
    '/admin.',
    '/admin/.',
    '/admin/..',
    '/admin/',
    '/.admin/../admin/x',
    '/./admin/x',
    '/x/../admin/x',
  ],
  ...[
    '//admin/x',
    '///admin/x',
    '/admin//x',
    '//app.example.com/admin/x',
    '/\\admin/x',
    '/%09/admin/x',
  ],
  // Whole URLs in place of a path.
  ...[
    'http://app.example.com/x',
    'http://app.example.com/admin/x',
    'HTTP://app.example.com/admin/x',
    'http://app.example.com//admin/x',
  ],
  ...[
    'http://auth.example.com/public/x',
    'http://app.example.com@evil.example/public/x',
    'app.example.com/admin/x',
  ],
  ...[
    'https://app.example.com/admin/x',
    'http:/admin/x',
    'admin/x',
    '*',
    '',
    '?',
    '?/public/x',
    '#',
    ';',
    '%2fadmin/x',
  ],
  // What belongs to Curfew or to the proxies.
  ...[
    '/_curfew_check',
    '/_curfew_check/../admin/x',
    '/forward-auth',
    '/.curfew/../admin/x',
    '/.curfew/..%2fadmin/x',
  ],
  ...[
    '/.curfew/signout/../../admin/x',
    '/%2ecurfew/signout',
    '/.curfew//signout',
    '/@curfew_forbidden',
  ],
]

/** Paths that nobody could read, or that have bytes which are no text. */
export const unreadableTargets: readonly string[] = [
  ...[
    '/%',
    '/%z',
    '/%zz',
    '/a%2',
    '/%e9',
    '/%c3',
    '/%ff%fe',
    '/%ed%a0%80',
    '/%00',
    '/\x80',
    '/\xff',
    '/a\x00b',
  ],
  ...[
    '/a b',
    '/a\x0bb',
    '/\x7f',
    '/\x01',
    `/${'a/'.repeat(9000)}`,
    `/?${'a'.repeat(20_000)}`,
    '/{{ uid }}',
    '/%{x}',
  ],
]

/** `Host` in all its spellings; the last part of each says whether the application may be meant. */
export const crookedHosts: readonly string[] = [
  ...[
    'APP.EXAMPLE.COM',
    'app.example.com.',
    'app.example.com:80',
    'app.example.com:8443',
    'App.Example.Com:80',
  ],
  ...[
    'app.example.com:',
    'app.example.com:0',
    'app.example.com:99999',
    'app.example.com:80:80',
    'app.example.com:abc',
  ],
  ...[
    'x.app.example.com',
    'xapp.example.com',
    'app.example.com.evil.example',
    'evil.example',
    'app.example',
    '',
  ],
  ...[
    'app.example.com,evil.example',
    'evil.example,app.example.com',
    'app.example.com evil.example',
    '127.0.0.1',
  ],
  ...[
    'evil@app.example.com',
    'app.example.com@evil.example',
    'app.example.com/x',
    'app.example.com\\x',
    '[::1]',
  ],
  ...[
    'app.example.com#',
    'app.example.com?',
    'app%2eexample.com',
    'app.example\xe3\x80\x82com',
    'app..example.com',
    '.',
  ],
]

/** Headers that have opened doors elsewhere (C6, C7), each as a client would send it. */
export const openingHeaders: readonly (readonly [string, string])[] = [
  ...(
    [
      'GoogleHC/1.0',
      'kube-probe/1.29',
      'ELB-HealthChecker/2.0',
      'Consul Health Check',
      'Prometheus/2',
    ] as const
  ).map((agent) => ['User-Agent', agent] as const),
  ...[
    'X-Forwarded-Uri',
    'X-Original-URI',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Forwarded-Path',
    'X-Envoy-Original-Path',
    'X-Accel-Redirect',
    'X-Forwarded-Prefix',
  ].map((name) => [name, '/public/x'] as const),
  ['X-Original-URL', 'http://app.example.com/public/x'],
  ['X-Original-Method', 'OPTIONS'],
  ['X-Forwarded-Method', 'OPTIONS'],
  ['X-HTTP-Method-Override', 'OPTIONS'],
  ['X-Forwarded-Host', 'auth.example.com'],
  ['X-Forwarded-Server', 'auth.example.com'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-For', '127.0.0.1'],
  ['X-Real-IP', '127.0.0.1'],
  ['X-Client-IP', '127.0.0.1'],
  ['Forwarded', 'for=127.0.0.1;host=auth.example.com;proto=https'],
  ['Via', '1.1 auth.example.com'],
  ['X-Auth-Request-User', 'main:admin'],
  ['Curfew-Verdict', 'allow'],
  ['X-Requested-With', 'XMLHttpRequest'],
  ['Sec-Purpose', 'prefetch'],
  ['Connection', 'close, X-Forwarded-Uri, X-Forwarded-Host, X-Original-URL'],
  ['Connection', 'close, X-Auth-Request-User, X-Auth-Request-Groups'],
]

/** One name as servers behind a proxy might take it for another (C5). */
export const spellings: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replace('-', '_'),
  (name) => name.replace(/-(?=[^-]*$)/, '_'),
  (name) => name.toUpperCase().replaceAll('-', '_'),
  (name) => name.replaceAll('-', '.'),
  (name) => name.replaceAll('-', '~'),
  (name) => `${name} `,
  (name) => ` ${name}`,
  (name) => `${name}\0`,
]

const inner = 'GET /admin/x HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\nX-Ignore: x'
const post = 'POST /public/x HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n'
const innerLength = inner.length

/** Requests of which the end is where two readers may see two places (C16). */
export const smuggledRequests: readonly string[] = [
  `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}\r\n\r\n`,
  `${post}Transfer-Encoding: chunked\r\nContent-Length: ${innerLength}\r\n\r\n0\r\n\r\n${inner}\r\n\r\n`,
  `${post}Transfer-Encoding: xchunked\r\nContent-Length: ${innerLength}\r\n\r\n${inner}`,
  `${post}Transfer-Encoding : chunked\r\nContent-Length: ${innerLength}\r\n\r\n${inner}`,
  `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${inner}\r\n\r\n`,
  `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${inner}\r\n\r\n`,
  `${post}\x0bTransfer-Encoding: chunked\r\nContent-Length: ${innerLength}\r\n\r\n${inner}`,
  `${post}Content-Length: 0\r\nContent-Length: ${innerLength}\r\n\r\n${inner}`,
  `${post}Content-Length: 5, 5\r\n\r\nhello${inner}\r\n\r\n`,
  `${post}Content-Length: +5\r\n\r\nhello${inner}\r\n\r\n`,
  `${post}Content-Length: 0x5\r\n\r\nhello${inner}\r\n\r\n`,
  `${post}Transfer-Encoding: chunked\r\n\r\n5;x\ny\r\nhello\r\n0\r\n\r\n${inner}\r\n\r\n`,
  `${post}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello${inner}\r\n\r\n`,
  `${post.replace('POST', 'GET')}Content-Length: ${innerLength}\r\n\r\n${inner}`,
  `${post}\rX: y\r\n\r\n${inner}\r\n\r\n`,
  `${post}X: y\r\r\n${inner}\r\n\r\n`,
]

/** Where nobody should be sent after a sign-in, in the spellings that have worked elsewhere (C1). */
export const leadingAway: readonly string[] = [
  ...[
    'https://evil.example',
    'https://evil.example/app.example.com',
    '//evil.example',
    '///evil.example',
  ],
  ...[
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
  ],
  ...[
    ' //evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'https:\\\\evil.example',
  ],
  ...[
    'https://app.example.com@evil.example',
    'https://app.example.com:x@evil.example',
    'https://evil.example#app.example.com',
  ],
  ...[
    'https://evil.example?app.example.com',
    'https://evil.example\\@app.example.com',
    'https://app.example.com.evil.example',
  ],
  ...[
    'https://evilapp.example.com',
    'https://app.example.com%2eevil.example',
    'https://app.example.com%00.evil.example',
  ],
  ...[
    'https://app.example.com\u3002evil.example',
    'https://app.example.com\u2024evil.example',
    'https://\uff41pp.example.com',
  ],
  ...[
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://app.example.com/',
    'http://app.example.com/',
    'blob:https://app.example.com/x',
  ],
  ...[
    'https://app.example.com\r\nX: y',
    '/x\r\nLocation: https://evil.example',
    'https://[::1]/',
    'https://2130706433/',
    'http:\\evil.example',
  ],
]
