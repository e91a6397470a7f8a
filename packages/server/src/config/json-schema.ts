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
    return Object.fromEntries(members.map(([name, member]) => [name, withReference(member)]))
  }
  if (key === 'items') return withReference(value as SchemaNode)
  if (key === 'anyOf') return (value as readonly SchemaNode[]).map(withReference)
  if (key === 'pattern' && node.pattern !== undefined) return orReference(node.pattern)
  return value as Json
}

/** A number, a flag or a name of a fixed list may also come from the environment. */
function withReference(node: SchemaNode): Readonly<Record<string, Json>> {
  const rendered = renderNode(node)
  const strict = node.type === 'integer' || node.type === 'boolean' || node.enum !== undefined
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
