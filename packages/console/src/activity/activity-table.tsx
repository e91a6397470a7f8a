import type { Activity } from '../api/shapes.ts'
import { exact } from '../words/time.ts'

/** The same numbers for who cannot see the charts, or wants to copy them. */
export function ActivityTable({ activity: { items } }: { readonly activity: Activity }) {
  return (
    <details class="card">
      <summary>The numbers as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keys must reach it */}
      <div class="wide" tabIndex={0} role="region" aria-label="The numbers of the charts">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Sign-ins</th>
              <th scope="col">Refreshes</th>
              <th scope="col">Ends</th>
            </tr>
          </thead>
          <tbody>
            {items.toReversed().map((one) => (
              <tr key={one.at}>
                <td>{exact(one.at)}</td>
                <td>{one.started}</td>
                <td>{one.refreshed}</td>
                <td>{one.ended}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
