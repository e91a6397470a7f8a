import type { SchemaNode } from './read.ts'
import { configNode } from './schema.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Our own notes; what they say stands in the description or in no file at all. */
const notes = new Set(['expects', 'keyExpects', 'secret', 'sample', 'required'])

/** curfew.schema.json: the schema that validates, as editors want it. */
export function renderJsonSchema(): string {
  const document = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:curfew:schema:configuration',
    title: 'Curfew',
    ...renderNode(configNode),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function renderNode(node: SchemaNode): Readonly<Record<string, Json>> {
  const rendered: Record<string, Json> = {}
  for (const [key, value] of Object.entries(node)) {
    if (!notes.has(key)) rendered[key] = renderMember(key, value, node)
  }
  const required = requiredKeys(node)
  if (required.length > 0) rendered['required'] = required
  // A map refuses the names that its pattern does not match, as the loader does.
  if (node.patternProperties !== undefined) rendered['additionalProperties'] = false
  return rendered
}

function renderMember(key: string, value: unknown, node: SchemaNode): Json {
  if (key === 'properties' || key === 'patternProperties') {
    const members = Object.entries(value as Readonly<Record<string, SchemaNode>>)
    const read = members.map(([name, member]) => [name, orNull(withReference(member), member)])
    return Object.fromEntries(read)
  }
  if (key === 'items') return withReference(value as SchemaNode)
  if (key === 'anyOf') return (value as readonly SchemaNode[]).map(withReference)
  if (key === 'pattern' && node.pattern !== undefined) return orReference(node.pattern)
  return value as Json
}

type Rendered = Readonly<Record<string, Json>>

/** A key with nothing behind it has its default, as when all entries of a list are commented out. */
function orNull(rendered: Rendered, { default: fallback }: SchemaNode): Rendered {
  if (fallback === undefined || fallback === null) return rendered
  const { type, anyOf } = rendered
  if (Array.isArray(anyOf)) return { ...rendered, anyOf: [...anyOf, { type: 'null' }] }
  return typeof type === 'string' ? { ...rendered, type: [type, 'null'] } : rendered
}

/** A number, a flag or a name of a fixed list may also come from the environment. */
function withReference(node: SchemaNode): Rendered {
  const rendered = renderNode(node)
  const named = node.enum !== undefined || typeof node.const === 'string'
  const strict = node.type === 'integer' || node.type === 'boolean' || named
  if (!strict) return rendered
  const { description, default: fallback, ...rest } = rendered
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rest, { type: 'string', pattern: referencePattern }],
  }
}

const referencePattern = '\\$\\{[^}]+\\}'

function orReference(pattern: string): string {
  return `(?:${pattern})|${referencePattern}`
}

/** Only what has no default must stand in the file. */
export function requiredKeys(node: SchemaNode): readonly string[] {
  return Object.entries(node.properties ?? {})
    .filter(([, member]) => member.default === undefined)
    .map(([key]) => key)
}
