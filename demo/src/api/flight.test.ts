import { expect, test } from 'vitest'
import { flightSeconds, route, telemetryAt } from './flight.ts'

test('a flight begins on the pad with a full battery, and ends with hardly any', () => {
  expect(telemetryAt(0)).toMatchObject({ east: 0, north: 0, altitude: 0, battery: 100 })
  expect(telemetryAt(flightSeconds).battery).toBe(5)
  expect(telemetryAt(flightSeconds * 9).battery).toBe(0)
})

test('it flies along its route, and its nose points ahead', () => {
  const { east, north, heading, altitude } = telemetryAt(60 / 8)
  const nearest = Math.min(...route().map(([x, y]) => Math.hypot(x - east, y - north)))
  expect(nearest).toBeLessThan(1)
  // At the top of the eight: due east.
  expect(heading).toBe(90)
  expect(altitude).toBe(60)
})
