import { compileHeaders, HeaderError } from './headers.ts'
import { compilePattern, PatternError } from './path-pattern.ts'
import type { GatewaySettings, HeaderTemplates } from './settings.ts'

/** A setting that the gateway cannot work with; the path is below `gateway`. */
export interface GatewayFault {
  readonly path: readonly (string | number)[]
  readonly problem: string
}

/** All that a RuleBook of these settings would be refused for, each with its place. */
export function gatewayFaults({
  rules,
  headers,
}: Pick<GatewaySettings, 'rules' | 'headers'>): readonly GatewayFault[] {
  return [
    ...headerFaults(headers, ['headers']),
    ...rules.flatMap((rule, place) => [
      ...(rule.paths ?? []).flatMap((pattern, index) =>
        faultIn(['rules', place, 'paths', index], () => compilePattern(pattern)),
      ),
      ...headerFaults(rule.headers ?? [], ['rules', place, 'headers']),
    ]),
  ]
}

function headerFaults(
  headers: HeaderTemplates,
  path: GatewayFault['path'],
): readonly GatewayFault[] {
  return headers.flatMap((header) =>
    faultIn([...path, header.name], () => compileHeaders([header])),
  )
}

function faultIn(path: GatewayFault['path'], compile: () => unknown): readonly GatewayFault[] {
  try {
    compile()
    return []
  } catch (error) {
    if (!(error instanceof PatternError || error instanceof HeaderError)) throw error
    return [{ path, problem: error.message }]
  }
}
