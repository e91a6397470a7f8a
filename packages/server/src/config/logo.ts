import type { Path, Reporter } from './mistakes.ts'
import type { Surroundings } from './substitute.ts'

/** It stands in every page. */
const logoBytesMax = 65_536

const path: Path = ['pages', 'logo']
const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** The image as a `data:` URL; what is wrong with it is a mistake of the configuration. */
export function readLogo(
  file: string | null,
  { readFile }: Surroundings,
  report: Reporter,
): string | null {
  if (file === null) return null
  const bytes = readOrReport(file, readFile, report)
  if (bytes === undefined) return null
  if (bytes.length > logoBytesMax) {
    const problem = `it has ${bytes.length} bytes, more than ${logoBytesMax}`
    report.add(path, problem, 'Make it smaller: it is sent with every page.')
    return null
  }
  const type = typeOf(bytes)
  if (type !== undefined) return `data:${type};base64,${bytes.toString('base64')}`
  const fix = 'Name a PNG, or an SVG whose root is <svg xmlns="http://www.w3.org/2000/svg">.'
  report.add(path, `${file} is neither a PNG nor an SVG image`, fix)
  return null
}

function readOrReport(
  file: string,
  readFile: Surroundings['readFile'],
  report: Reporter,
): Buffer | undefined {
  try {
    return Buffer.from(readFile(file, 'base64'), 'base64')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    const fix = 'Create it, or mend its path or rights.'
    report.add(path, `the file ${file} cannot be read${why}`, fix)
    return undefined
  }
}

/** By what is in it: browsers show nothing of an SVG without its namespace. */
function typeOf(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, pngSignature.length).equals(pngSignature)) return 'image/png'
  const [, attributes] = svgRoot.exec(bytes.toString('utf8')) ?? []
  return attributes !== undefined && svgNamespace.test(attributes) ? 'image/svg+xml' : undefined
}

/** After what may stand before it: declaration, comments and a document type without rules of its own. */
const svgRoot =
  /^\uFEFF?(?:\s|<\?[^>]*\?>|<!--(?:[^-]|-(?!-))*-->|<!DOCTYPE[^>[]*>)*<svg([\s>][^>]*)/i
const svgNamespace = /\sxmlns\s*=\s*["']http:\/\/www\.w3\.org\/2000\/svg["']/
