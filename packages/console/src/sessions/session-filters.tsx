import { Segments, Select } from '../parts/choice.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { knownReasons, presetReasons, reasonWords } from '../words/reasons.ts'
import { type SessionFilter, withReason, withState } from './filter.ts'

interface SessionFiltersProps {
  readonly filter: SessionFilter
  /** Classes and reasons that were seen; the configuration may have more than the default ones. */
  readonly devices: readonly string[]
  readonly reasons: readonly string[]
  readonly onChange: (filter: SessionFilter) => void
}

const states = [
  { value: 'live', label: 'Live' },
  { value: 'ended', label: 'Ended' },
  { value: 'all', label: 'All' },
] as const
const defaultDevices = ['app', 'web', 'pc', 'service']
const offeredReasons = [...knownReasons, ...presetReasons.map((one) => one.code)]

export function SessionFilters({ filter, devices, reasons, onChange }: SessionFiltersProps) {
  return (
    <search class="filters">
      <SearchField
        label="Search sessions by user, session id or address"
        placeholder="User, session id or IP address"
        value={filter.search}
        onSearch={(search) => onChange({ ...filter, search })}
      />
      <Segments
        label="State"
        value={filter.state}
        options={states}
        onChange={(state) => onChange(withState(filter, state))}
      />
      <Select
        label="Device class"
        value={filter.device}
        options={withAny(
          'Any device',
          [...defaultDevices, ...devices, filter.device],
          (one) => one,
        )}
        onChange={(device) => onChange({ ...filter, device })}
      />
      <Select
        label="Reason of the end"
        value={filter.reason}
        options={withAny('Any reason', [...offeredReasons, ...reasons, filter.reason], reasonWords)}
        onChange={(reason) => onChange(withReason(filter, reason))}
      />
    </search>
  )
}

function withAny(any: string, values: readonly string[], words: (value: string) => string) {
  const distinct = [...new Set(values)].filter((one) => one !== '')
  return [{ value: '', label: any }, ...distinct.map((value) => ({ value, label: words(value) }))]
}
