/*
 * The request that every gateway here is asked about: a page that a browser opens, in the words of nginx
 * (examples/nginx), with about 500 bytes of the application's own cookies beside the gateway's.
 */

export const applicationHost = 'app.example.com'
const page = '/projects/42/board?view=week&sort=-updated'

const applicationCookies = [
  `sid=${'s3'.repeat(32)}`,
  `csrftoken=${'c5'.repeat(32)}`,
  '_ga=GA1.1.1234567890.1764000000',
  `_ga_ABCDEFGHIJ=GS2.1.s1764000000$o12$g1$t1764000123$j60$l0$h${'0'.repeat(10)}`,
  'theme=dark',
  'locale=en-GB',
  'sidebar=%7B%22open%22%3Atrue%2C%22width%22%3A280%7D',
  `experiments=${'ab'.repeat(40)}`,
].join('; ')

export interface Asked {
  /** What the sub-request names: forward auth, or a page of the peer. */
  readonly target: string
  readonly port: number
  /** `name=value`, several with `; `, of the signed-in session. */
  readonly sessionCookies: string
}

/** The whole of it, up to and with the empty line. */
export function browserRequest({ target, port, sessionCookies }: Asked): string {
  const cookies = [applicationCookies, sessionCookies].filter((text) => text !== '').join('; ')
  return [
    `GET ${target} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `X-Original-URL: https://${applicationHost}${page}`,
    'X-Original-Method: GET',
    'X-Forwarded-For: 192.0.2.7',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Language: en-GB,en;q=0.9,de;q=0.6',
    'Accept-Encoding: gzip, deflate, br, zstd',
    `Referer: https://${applicationHost}/projects`,
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Dest: document',
    'Sec-Fetch-User: ?1',
    'Upgrade-Insecure-Requests: 1',
    `Cookie: ${cookies}`,
    '',
    '',
  ].join('\r\n')
}
