/** Names and values in turn, as node:http reads and writes them; repeated headers stay apart. */
export type RawHeaders = readonly string[]

/** They belong to one connection (RFC 9110, section 7.6.1). Node frames each body anew by itself. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade']

/** What is meant for the other end: all but those of the connection, and those that `without` names. */
export function endToEnd(headers: RawHeaders, without: readonly string[] = []): string[] {
  const dropped = new Set([...hopByHop, ...named(headers), ...without])
  return pairs(headers)
    .filter(([name]) => !dropped.has(name.toLowerCase()))
    .flat()
}

/** Those of these names, as they stand there. */
export function only(headers: RawHeaders, names: readonly string[]): string[] {
  return pairs(headers)
    .filter(([name]) => names.includes(name.toLowerCase()))
    .flat()
}

/** The headers that `Connection` names belong to the connection as well. */
function named(headers: RawHeaders): string[] {
  return pairs(headers)
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((name) => name.trim())
}

function pairs(headers: RawHeaders): [string, string][] {
  return Array.from({ length: headers.length / 2 }, (_, index) => [
    headers[2 * index] ?? '',
    headers[2 * index + 1] ?? '',
  ])
}
