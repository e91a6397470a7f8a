import type { ComponentChildren } from 'preact'
import { Failure, ProblemNote } from './failure.tsx'
import { Icon, type IconName } from './icon.tsx'
import type { Resource } from './resource.ts'

interface ContentProps<Value> {
  readonly of: Resource<Value>
  readonly children: (value: Value) => ComponentChildren
}

/** Loading, failed or there. What is there stays when a later request fails, and says so. */
export function Content<Value>({ of: { value, problem, reload }, children }: ContentProps<Value>) {
  if (value === undefined) {
    return problem ? <Failure problem={problem} retry={() => void reload()} /> : <Skeleton />
  }
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      {children(value)}
    </>
  )
}

/** Comes after a moment only: what loads at once shall not flash. */
export function Skeleton({ rows = 8 }: { readonly rows?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="unseen">Loading</span>
      {Array.from({ length: rows }, (_, index) => (
        <div class="skeleton-row" key={index}>
          <i />
          <i />
          <i />
        </div>
      ))}
    </div>
  )
}

interface EmptyProps {
  readonly icon: IconName
  readonly title: string
  readonly children?: ComponentChildren
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <section class="state">
      <span class="state-icon">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {children}
    </section>
  )
}
