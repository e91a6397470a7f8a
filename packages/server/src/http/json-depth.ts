/** Deeper bodies are refused before anything walks them by recursion. */
export const jsonDepthMax = 32

const strings = /"(?:[^"\\]|\\.)*"?/gs

/** Counts brackets outside of strings; whether the text is JSON at all is the parser's question. */
export function isTooDeep(text: string): boolean {
  let depth = 0
  for (const character of text.replace(strings, '')) {
    if (character === '[' || character === '{') depth += 1
    if (character === ']' || character === '}') depth -= 1
    if (depth > jsonDepthMax) return true
  }
  return false
}
