export interface SignInOrder {
  readonly publicUrl: string
  /** The provider that the rule names. */
  readonly idp: string | null
  readonly origin: string
  /** Path and query as sent, so that the way back is exactly the way that was asked for. */
  readonly target: string
}

/** A longer way back would not fit into the headers of the proxies between; the path alone often does. */
const targetLengthMax = 2048

export function signInUrl({ publicUrl, idp, origin, target }: SignInOrder): string {
  const back = encodeURIComponent(origin + fitting(target))
  return `${publicUrl}/login?return_to=${back}${idp === null ? '' : `&idp=${encodeURIComponent(idp)}`}`
}

function fitting(target: string): string {
  // Raw bytes beyond ASCII, as some browsers send them: percent-encoded they mean the same.
  const ascii = target.replace(
    /[\u0080-\u00ff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  if (ascii.length <= targetLengthMax) return ascii
  const [path = '/'] = ascii.split('?', 1)
  return path.length <= targetLengthMax ? path : '/'
}
