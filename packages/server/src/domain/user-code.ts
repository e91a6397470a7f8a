/** RFC 8628, section 6.1: consonants alone, so that no word comes of it and nothing looks like a digit. */
export const userCodeAlphabet = 'BCDFGHJKLMNPQRSTVWXZ'

/** 20^10 are 43 bits (rule 37: at least 40). */
export const userCodeLength = 10

const groupLength = 5

/** As it is shown: `BCDFG-HJKLM`. */
export function formatUserCode(code: string): string {
  return `${code.slice(0, groupLength)}-${code.slice(groupLength)}`
}

/** What a person typed or a QR code brought, in the one form; undefined: it cannot be a code of ours. */
export function parseUserCode(text: string): string | undefined {
  const letters = text.toUpperCase().replace(/[\s\p{Pd}._]/gu, '')
  if (letters.length !== userCodeLength) return undefined
  return [...letters].every((letter) => userCodeAlphabet.includes(letter)) ? letters : undefined
}
