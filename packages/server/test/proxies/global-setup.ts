/* The proxies of a run are found, or installed, once; every worker is told where they are. */
import type { TestProject } from 'vitest/node'
import { type ProxyName, proxyPrograms } from '../services/proxy-binaries.ts'

declare module 'vitest' {
  interface ProvidedContext {
    proxyPrograms: Readonly<Record<ProxyName, string>>
  }
}

export function setup(project: TestProject): void {
  project.provide('proxyPrograms', proxyPrograms())
}
