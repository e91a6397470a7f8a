import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { flightSeconds } from './flight.ts'
import { Missions } from './missions.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function pilot(sid: string) {
  const session = new AbortController()
  return { sid: sid as never, signal: session.signal, end: () => session.abort() }
}

test('a session has one flight, and sees no other’s', () => {
  const missions = new Missions()
  const [alice, bob] = [pilot('a'), pilot('b')]
  const flight = missions.start(alice)
  expect(missions.start(alice)).toBe(flight)
  expect(missions.find(alice, flight?.id ?? '')).toBe(flight)
  expect(missions.find(bob, flight?.id ?? '')).toBeUndefined()
  missions.stop()
})

test('a flight is over the moment its session ends, and nothing of it is left', () => {
  const missions = new Missions()
  const alice = pilot('a')
  const flight = missions.start(alice)
  const heard: string[] = []
  flight?.onOver((why) => heard.push(why))
  alice.end()
  expect(heard).toEqual(['session-ended'])
  expect(missions.find(alice, flight?.id ?? '')).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

test('with an empty battery it lands', () => {
  const missions = new Missions()
  const alice = pilot('a')
  const heard: string[] = []
  missions.start(alice)?.onOver((why) => heard.push(why))
  vi.advanceTimersByTime(flightSeconds * 1000)
  expect(heard).toEqual(['landed'])
  expect(missions.start(alice)).toBeDefined()
  missions.stop()
})

test('the sky has room for a hundred, and a flight for eight who watch', () => {
  const missions = new Missions()
  const flights = Array.from({ length: 101 }, (_, index) => missions.start(pilot(`${index}`)))
  expect(flights.filter((flight) => flight !== undefined)).toHaveLength(100)
  const [flight] = flights
  for (let watcher = 0; watcher < 8; watcher++) {
    expect(flight?.isCrowded).toBe(false)
    flight?.onOver(() => undefined)
  }
  expect(flight?.isCrowded).toBe(true)
  missions.stop()
  expect(vi.getTimerCount()).toBe(0)
})
