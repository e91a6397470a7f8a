import { readFileSync } from 'node:fs'

export interface Resident {
  readonly nowBytes: number
  /** The most since its start. */
  readonly peakBytes: number
}

/** Memory that a process has resident, by the kernel; NaN where there is no /proc. */
export function residentOf(pid: number): Resident {
  const text = statusOf(pid)
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024
  return { nowBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
