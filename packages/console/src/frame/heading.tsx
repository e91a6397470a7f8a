import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { LiveMark } from './live-mark.tsx'

interface HeadingProps {
  readonly title: string
  readonly children?: ComponentChildren
}

let first = true

/** A new view takes the focus, as a new page would: screen readers then say where they are. */
export function Heading({ title, children }: HeadingProps) {
  const element = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Curfew`
    if (!first) element.current?.focus()
    first = false
  }, [title])
  return (
    <div class="heading">
      <h1 ref={element} tabIndex={-1}>
        {title}
      </h1>
      <LiveMark />
      <div class="heading-deeds">{children}</div>
    </div>
  )
}
