/** What a drone says of itself. Metres from the pad, degrees clockwise from north, per cent. */
export interface Telemetry {
  readonly seconds: number
  readonly east: number
  readonly north: number
  readonly heading: number
  readonly altitude: number
  readonly speed: number
  readonly battery: number
}

/** The battery lasts so long; then it lands by itself. */
export const flightSeconds = 600

const lapSeconds = 60
const reachEast = 230
const reachNorth = 110
const cruiseAltitude = 120
const climbPerSecond = 8
/** Points of the route that are drawn ahead. */
const routePoints = 96

/** Where it is after so many seconds: the pad is in the middle of an eight. */
export function telemetryAt(seconds: number): Telemetry {
  const { east, north } = placeAt(seconds)
  const [before, after] = [placeAt(seconds - 0.05), placeAt(seconds + 0.05)]
  const step = { east: after.east - before.east, north: after.north - before.north }
  const degrees = (Math.atan2(step.east, step.north) * 180) / Math.PI
  return {
    seconds: Math.floor(seconds),
    east: round(east),
    north: round(north),
    heading: Math.round((degrees + 360) % 360),
    altitude: Math.round(altitudeAt(seconds)),
    speed: round(Math.hypot(step.east, step.north) / 0.1),
    battery: Math.max(0, Math.ceil(100 - (95 * seconds) / flightSeconds)),
  }
}

/** One lap, as pairs of east and north. */
export function route(): (readonly [number, number])[] {
  return Array.from({ length: routePoints + 1 }, (_, index) => {
    const { east, north } = placeAt((index * lapSeconds) / routePoints)
    return [round(east), round(north)]
  })
}

function placeAt(seconds: number): { east: number; north: number } {
  const turn = (2 * Math.PI * seconds) / lapSeconds
  return { east: reachEast * Math.sin(turn), north: reachNorth * Math.sin(2 * turn) }
}

/** Up, then a gentle wave, as over hills. */
function altitudeAt(seconds: number): number {
  return Math.min(climbPerSecond * seconds, cruiseAltitude + 10 * Math.sin(seconds / 5))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
