import type { Claims, Json } from '#domain'

/**
 * A claim by its name: first as it stands (`https://example.com/roles` has dots), then, with dots as
 * steps, inside of objects (`realm_access.roles`). Own members only.
 */
export function claimOf(claims: Claims, name: string): Json | undefined {
  if (Object.hasOwn(claims, name)) return claims[name]
  let dot = name.indexOf('.')
  while (dot > 0) {
    const outer = name.slice(0, dot)
    const inner: Json | undefined = Object.hasOwn(claims, outer) ? claims[outer] : undefined
    if (isObject(inner)) {
      const found = claimOf(inner, name.slice(dot + 1))
      if (found !== undefined) return found
    }
    dot = name.indexOf('.', dot + 1)
  }
  return undefined
}

/** One value, or a list that holds it. `"1"` is not `1`. */
export function claimHas(value: Json | undefined, wanted: string | number | boolean): boolean {
  return Array.isArray(value) ? value.includes(wanted) : value === wanted
}

function isObject(value: Json | undefined): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
