/**
 * Without the spaces and tabs around it (RFC 9110, section 5.5; RFC 6265bis, section 5.6), and nothing else.
 * `trim` also takes a no-break space, which is half of an à here, where a character is a byte; and a cookie
 * called NBSP `__Host-curfew`, which a browser takes from any sibling of the host, would become ours.
 */
export function withoutSpaces(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
