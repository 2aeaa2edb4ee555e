import type { Random } from '../../lib/random.ts'

/** A district of a power grid as an operator publishes it, with what of it is dark just now. */
export interface District {
  readonly district: string
  readonly name: string
  readonly county: string
  readonly lat: number
  readonly lon: number
  readonly customers: number
  /** How much of it a storm can bring down, 0 to 1. */
  readonly exposure: number
  /** Minutes from the front's arrival until the worst, and until half is repaired. */
  readonly riseMinutes: number
  readonly repairMinutes: number
  /** When the front arrives, in minutes of the day. */
  readonly arrival: number
}

/** The day is replayed so many times as fast as it was. */
export const stormSpeed = 60
const dayMinutes = 1440
const districtCount = 160
const [west, south] = [4.2, 51.4]
const [widthDegrees, heightDegrees] = [2.6, 1.4]
/** The front comes in from the west at this minute, and takes so long to cross. */
const firstArrival = 25
const crossingMinutes = 420
/** So late in the day everything that is still dark is repaired at once: the next day begins whole. */
const allClear = 1380

const counties = ['Coast', 'Delta', 'Lowland', 'Rivers', 'Heath', 'Hills', 'Border', 'Forest'] as const
const names = ['Brook', 'Ferry', 'Haven', 'Mill', 'North', 'Quarry', 'Ridge', 'Stone', 'Tower', 'Weir'] as const

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}

/** Counties lie side by side from west to east, so that the storm goes through them in turn. */
export function newGrid(random: Random): readonly District[] {
  return Array.from({ length: districtCount }, (_, i) => {
    const [x, y] = [random(), random()]
    const county = Math.min(Math.floor(x * counties.length), counties.length - 1)
    return {
      district: `d${String(i + 1).padStart(3, '0')}`,
      name: `${names[i % names.length] ?? 'Mill'} ${1 + Math.floor(i / names.length)}`,
      county: counties[county] ?? 'Coast',
      lat: rounded(south + y * heightDegrees, 4),
      lon: rounded(west + x * widthDegrees, 4),
      customers: 400 + Math.floor(random() * 3600),
      exposure: 0.15 + 0.7 * random() ** 2,
      riseMinutes: 8 + random() * 20,
      repairMinutes: 60 + random() * 160,
      arrival: firstArrival + x * crossingMinutes + (random() - 0.5) * 40,
    }
  })
}

/** Customers of a district that are without power at a minute of the day. */
export function customersOut({ customers, exposure, riseMinutes, repairMinutes, arrival }: District, minute: number): number {
  const since = minute - arrival
  if (since <= 0 || minute >= allClear) return 0
  const struck = 1 - Math.exp(-since / riseMinutes)
  const unrepaired = 2 ** (-since / repairMinutes)
  return Math.round(customers * exposure * struck * unrepaired)
}

/** The minute of the day that is being replayed. */
export function minuteOfStorm(sinceStartMs: number): number {
  return ((((sinceStartMs / 60_000) * stormSpeed) % dayMinutes) + dayMinutes) % dayMinutes
}

function clockText(minute: number): string {
  const whole = Math.floor(minute)
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`
}

/** What the operator publishes at a minute of the day. */
export function outages(grid: readonly District[], minute: number): unknown {
  return {
    replayed: clockText(minute),
    districts: grid.map(district => {
      const { lat, lon, customers } = district
      return {
        district: district.district,
        name: district.name,
        county: district.county,
        lat,
        lon,
        customers,
        out: customersOut(district, minute),
      }
    }),
  }
}
