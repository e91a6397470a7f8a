import type { Followers } from '../api/shapes.ts'
import { Time } from '../parts/time.tsx'
import { exact, span } from '../words/time.ts'
import { type Standing, stateOf } from './verdict.ts'

export function FollowerTables({
  followers: { now, verifiers, replicas },
}: {
  readonly followers: Followers
}) {
  return (
    <div class="pair">
      <section class="card">
        <h2 class="card-title">Verifiers</h2>
        {verifiers.length === 0 ? (
          <p class="quiet pad">No client has read the feed lately.</p>
        ) : (
          <table>
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col">By</th>
                <th scope="col">State</th>
                <th scope="col">Heard of</th>
              </tr>
            </thead>
            <tbody>
              {verifiers.map((one) => (
                <tr key={`${one.client_id} ${one.address} ${one.via}`}>
                  <td title={one.user_agent ?? undefined}>
                    {one.client_id}
                    <small class="quiet mono">{one.address}</small>
                  </td>
                  <td>{one.via}</td>
                  <td>
                    <Lag state={stateOf(one, now)} behind={one.behind} />
                  </td>
                  <td class="quiet">
                    <Time at={one.seen_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      <section class="card">
        <h2 class="card-title">Replicas</h2>
        <table>
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Streams</th>
              <th scope="col">State</th>
              <th scope="col">Lag</th>
            </tr>
          </thead>
          <tbody>
            {replicas.map((one) => (
              <tr key={one.id}>
                <td>
                  {one.host}
                  <small class="quiet">
                    {one.version} ·{' '}
                    <span title={exact(one.started_at)}>up {span(now - one.started_at)}</span>
                  </small>
                </td>
                <td>{one.streams}</td>
                <td>
                  <Lag state={one.ready ? stateOf(one, now) : 'unready'} behind={one.behind} />
                </td>
                <td class="quiet">{one.lag_ms === null ? '–' : `${one.lag_ms} ms`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  )
}

const tones = {
  current: 'live',
  behind: 'warning',
  silent: 'bad',
  unready: 'bad',
  unknown: 'quiet',
} as const

function Lag({
  state,
  behind,
}: {
  readonly state: Standing['state']
  readonly behind: number | null
}) {
  const words = {
    ...{ current: 'Current', silent: 'Silent', unready: 'Not ready', unknown: 'Unknown' },
    behind: `${behind} behind`,
  }
  return (
    <span class={`mark ${tones[state]}`}>
      <i aria-hidden="true" />
      {words[state]}
    </span>
  )
}
