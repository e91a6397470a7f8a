import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { nearest, type Path, type Reporter } from './mistakes.ts'

/** The parts of JSON Schema, and of our notes, that the configuration's schema uses. */
export interface SchemaNode {
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly description?: string
  readonly default?: unknown
  readonly expects?: string
  readonly keyExpects?: string
  readonly secret?: boolean
  readonly sample?: unknown
}

export interface ReadContext {
  readonly findings: Reporter
  /** The `${…}` that a text came from; its value is then never shown, and may stand for a number. */
  readonly originOf: (path: Path) => string | undefined
}

type Values = Readonly<Record<string, unknown>>

/**
 * Checks `value` against the schema, reports every mistake, and answers the value with defaults
 * filled in. A wrong or missing part is reported and replaced by its default or sample, so the
 * result always has the schema's shape and the rules between settings can be checked as well.
 */
export function readValue(
  schema: SchemaNode,
  value: unknown,
  path: Path,
  context: ReadContext,
): unknown {
  if (value === undefined || (value === null && !accepts(schema, null))) {
    return readMissing(schema, path, context)
  }
  if (schema.anyOf !== undefined) return readUnion(schema, schema.anyOf, value, path, context)
  if (schema.properties !== undefined) {
    return isValues(value)
      ? readSection(schema.properties, value, path, context)
      : wrong(schema, value, path, context)
  }
  if (schema.patternProperties !== undefined) {
    return isValues(value)
      ? readMap(schema, schema.patternProperties, value, path, context)
      : wrong(schema, value, path, context)
  }
  if (schema.items !== undefined) return readList(schema, schema.items, value, path, context)
  return readLeaf(schema, value, path, context)
}

function readMissing(schema: SchemaNode, path: Path, context: ReadContext): unknown {
  if (schema.default !== undefined) {
    return readValue(schema, structuredClone(schema.default), path, context)
  }
  // A section without default has required keys: each of them is what is missing.
  if (schema.properties !== undefined) return readSection(schema.properties, {}, path, context)
  context.findings.add(path, 'it is missing', `Give it ${expectation(schema)}.`)
  return standIn(schema)
}

function readSection(
  properties: Readonly<Record<string, SchemaNode>>,
  value: Values,
  path: Path,
  context: ReadContext,
): unknown {
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(properties, key))
      reportUnknownKey(key, Object.keys(properties), path, context)
  }
  const read = Object.entries(properties).map(([key, schema]) => [
    key,
    readValue(schema, Object.hasOwn(value, key) ? value[key] : undefined, [...path, key], context),
  ])
  return Object.fromEntries(read)
}

function reportUnknownKey(
  key: string,
  known: readonly string[],
  path: Path,
  { findings }: ReadContext,
): void {
  const meant = nearest(key, known)
  const fix =
    meant === undefined
      ? `Remove it; what may stand here: ${known.join(', ')}.`
      : `Did you mean ${meant}?`
  findings.addBeside([...path, key], 'there is no such setting', fix)
}

function readMap(
  schema: SchemaNode,
  patterns: Readonly<Record<string, SchemaNode>>,
  value: Values,
  path: Path,
  context: ReadContext,
): unknown {
  const read: [string, unknown][] = []
  for (const [key, member] of Object.entries(value)) {
    const match = Object.entries(patterns).find(([pattern]) => new RegExp(pattern).test(key))
    if (match === undefined) {
      const expects = schema.keyExpects ?? 'a name that is allowed here'
      context.findings.add([...path, key], `its name is not ${expects}`, 'Rename it.')
      continue
    }
    read.push([key, readValue(match[1], member, [...path, key], context)])
  }
  return Object.fromEntries(read)
}

function readList(
  schema: SchemaNode,
  items: SchemaNode,
  value: unknown,
  path: Path,
  context: ReadContext,
): unknown {
  if (!Array.isArray(value)) return wrong(schema, value, path, context)
  const { minItems = 0, maxItems = 10_000 } = schema
  if (value.length < minItems || value.length > maxItems) {
    const problem = value.length < minItems ? 'it is empty' : `it has ${value.length} entries`
    const wanted = maxItems === 10_000 ? `at least ${minItems}` : `${minItems} to ${maxItems}`
    context.findings.add(path, problem, `Give it ${wanted} of them.`)
    return standIn(schema)
  }
  return value.map((item, index) => readValue(items, item, [...path, index], context))
}

function readUnion(
  schema: SchemaNode,
  branches: readonly SchemaNode[],
  value: unknown,
  path: Path,
  context: ReadContext,
): unknown {
  const alike = branches
    .flatMap(flatten)
    .filter((branch) => kindOfSchema(branch) === kindOfValue(value))
  if (alike.some((branch) => isLeaf(branch) && accepts(branch, value))) return value
  const converted = convertedFor(branches.flatMap(flatten), value, path, context)
  if (converted !== undefined) return converted
  const structured = closest(
    alike.filter((candidate) => !isLeaf(candidate)),
    value,
  )
  if (structured !== undefined) return readValue(structured, value, path, context)
  const only = alike.length === 1 ? alike[0] : undefined
  return wrong({ ...only, ...schema, sample: standIn(schema) }, value, path, context, only)
}

/** What a text from the environment stands for in a branch that takes a number or a flag. */
function convertedFor(
  branches: readonly SchemaNode[],
  value: unknown,
  path: Path,
  context: ReadContext,
): unknown {
  if (context.originOf(path) === undefined) return undefined
  return branches
    .map((branch) => ({ branch, converted: convert(branch, value) }))
    .find(({ branch, converted }) => converted !== value && accepts(branch, converted))?.converted
}

function flatten(branch: SchemaNode): readonly SchemaNode[] {
  return branch.anyOf === undefined ? [branch] : branch.anyOf.flatMap(flatten)
}

/** Of several object shapes, the one that shares the most keys with what was written. */
function closest(branches: readonly SchemaNode[], value: unknown): SchemaNode | undefined {
  if (!isValues(value)) return branches[0]
  const shared = (branch: SchemaNode) =>
    Object.keys(branch.properties ?? {}).filter((key) => Object.hasOwn(value, key)).length
  return branches.toSorted((a, b) => shared(b) - shared(a))[0]
}

function readLeaf(schema: SchemaNode, value: unknown, path: Path, context: ReadContext): unknown {
  if (accepts(schema, value)) return value
  const converted = context.originOf(path) === undefined ? value : convert(schema, value)
  if (accepts(schema, converted)) return converted
  return wrong(schema, value, path, context)
}

/** `workers: ${WORKERS}` gives a text where the schema asks for a number or a flag. */
function convert(schema: SchemaNode, value: unknown): unknown {
  if (schema.type === 'integer' && typeof value === 'string' && /^[0-9]{1,15}$/.test(value)) {
    return Number(value)
  }
  if (schema.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function wrong(
  schema: SchemaNode,
  value: unknown,
  path: Path,
  context: ReadContext,
  narrower: SchemaNode = schema,
): unknown {
  const secret = holdsSecret(schema) || holdsSecret(narrower)
  const shown = show(value, secret, context.originOf(path))
  const expected = schema.expects === undefined ? expectation(narrower) : expectation(schema)
  context.findings.add(path, `${shown} is not ${expected}`, `Write ${expected}.`)
  return standIn(schema)
}

/** A secret that was written in place of a list of secrets is one, too. */
function holdsSecret({ secret, items, anyOf = [] }: SchemaNode): boolean {
  return secret === true || (items !== undefined && holdsSecret(items)) || anyOf.some(holdsSecret)
}

function show(value: unknown, secret: boolean, origin: string | undefined): string {
  if (origin !== undefined) return `the value of ${origin}`
  if (value === '') return 'an empty text'
  if (secret || (typeof value === 'object' && value !== null)) return `this ${describeKind(value)}`
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function describeKind(value: unknown): string {
  const kind = kindOfValue(value)
  return { object: 'group of keys', array: 'list', string: 'text' }[kind as string] ?? 'value'
}

/** Completes "is not …" and "Write …". */
export function expectation(schema: SchemaNode): string {
  const base = schema.expects ?? defaultExpectation(schema)
  const { minimum, maximum } = schema
  if (minimum === undefined || maximum === undefined) return base
  return `${base} from ${minimum} to ${maximum}`
}

function defaultExpectation(schema: SchemaNode): string {
  if (schema.properties !== undefined) {
    return `a group of keys (${Object.keys(schema.properties).join(', ')})`
  }
  if (schema.patternProperties !== undefined) return 'a group of keys'
  if (schema.items !== undefined) return 'a list'
  if (schema.anyOf !== undefined) {
    return schema.anyOf
      .filter((branch) => branch.type !== 'null')
      .map(expectation)
      .join(', or ')
  }
  return schema.const === undefined ? 'a text' : String(schema.const)
}

function standIn(schema: SchemaNode): unknown {
  // A setting that may be left out was not: null would say so to the rules.
  const fallback = schema.default ?? schema.sample
  const silent: ReadContext = { findings: silentFindings, originOf: () => undefined }
  if (fallback !== undefined) return readValue(schema, structuredClone(fallback), [], silent)
  if (schema.properties !== undefined) return readSection(schema.properties, {}, [], silent)
  if (schema.patternProperties !== undefined) return {}
  if (schema.items !== undefined)
    return schema.minItems === undefined ? [] : [standIn(schema.items)]
  const [first] = schema.anyOf ?? []
  return first === undefined ? '' : standIn(first)
}

const silentFindings: Reporter = { add: () => undefined, addBeside: () => undefined }

function accepts(schema: SchemaNode, value: unknown): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((branch) => accepts(branch, value))
  return Check(schema as TSchema, value)
}

function isLeaf(schema: SchemaNode): boolean {
  return (
    schema.properties === undefined &&
    schema.patternProperties === undefined &&
    schema.items === undefined &&
    schema.anyOf === undefined
  )
}

function kindOfSchema(schema: SchemaNode): string | undefined {
  return schema.type === 'integer' ? 'number' : schema.type
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
