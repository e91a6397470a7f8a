import { Component, type ComponentChildren, type FunctionComponent, h } from 'preact'

/** Draws anew only when a property is another one; preact/compat has the same, and much that is not needed. */
export function memo<Props extends object>(
  draw: (props: Props) => ComponentChildren,
): FunctionComponent<Props> {
  class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const before = Object.entries(this.props).filter(([name]) => name !== 'children')
      return before.some(([name, value]) => next[name as keyof Props] !== value)
    }
    override render(props: Props): ComponentChildren {
      return draw(props)
    }
  }
  return (props: Props) => h(Memo, props)
}
