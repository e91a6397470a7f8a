import { liveState } from '../api/live.ts'

const words = { connecting: 'Connecting…', live: 'Live', lost: 'Reconnecting…' } as const

export function LiveMark() {
  return (
    <span class={`live-mark ${liveState.value}`} role="status">
      <i aria-hidden="true" />
      {words[liveState.value]}
    </span>
  )
}
