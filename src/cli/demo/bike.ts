import type { Random } from '../../lib/random.ts'

/** A bike-share city in the shape of GBFS 2.3 (`station_status`, `station_information`), with `region_id` in each station. */
export interface Station {
  readonly station_id: string
  readonly name: string
  readonly region_id: string
  readonly lat: number
  readonly lon: number
  readonly capacity: number
  bikes: number
  reported: number
}

const regions = ['Harbour', 'Old Town', 'Hill', 'Station', 'University', 'Riverside', 'Market', 'Park'] as const
const streets = ['Mill', 'Bridge', 'Garden', 'Church', 'Canal', 'Tower', 'School', 'Bell', 'Lime', 'Water'] as const
const places = ['Street', 'Square', 'Quay', 'Lane', 'Gate'] as const
const stationCount = 400
/** How often the city publishes, ms: real operators do so every 10 s or so; the demo is livelier. */
export const publishMs = 2000

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T
}

export function newCity(random: Random, nowMs: number): Station[] {
  return Array.from({ length: stationCount }, (_, i) => {
    const region = i % regions.length
    const capacity = 12 + 2 * Math.floor(random() * 14)
    return {
      station_id: `s${String(i + 1).padStart(3, '0')}`,
      name: `${pick(streets, random)} ${pick(places, random)} ${Math.floor(i / regions.length) + 1}`,
      region_id: regions[region] ?? 'Park',
      lat: Math.round((52.08 + 0.012 * Math.floor(region / 4) + (random() - 0.5) * 0.02) * 1e6) / 1e6,
      lon: Math.round((5.1 + 0.018 * (region % 4) + (random() - 0.5) * 0.03) * 1e6) / 1e6,
      capacity,
      bikes: Math.floor(random() * (capacity + 1)),
      reported: Math.floor(nowMs / 1000),
    }
  })
}

/** A few trips: each takes a bike from one station and brings it to another that has a free dock. */
export function ride(city: Station[], random: Random, nowMs: number): void {
  const trips = 4 + Math.floor(random() * 10)
  for (let trip = 0; trip < trips; trip++) {
    const from = pick(city, random)
    const to = pick(city, random)
    if (from === to || from.bikes === 0 || to.bikes >= to.capacity) continue
    from.bikes--
    to.bikes++
    from.reported = to.reported = Math.floor(nowMs / 1000)
  }
}

export function stationStatus(city: readonly Station[], nowMs: number): unknown {
  return {
    last_updated: Math.floor(nowMs / 1000),
    ttl: publishMs / 1000,
    version: '2.3',
    data: {
      stations: city.map(({ station_id, name, region_id, lat, lon, capacity, bikes, reported }) => ({
        station_id,
        name,
        region_id,
        lat,
        lon,
        capacity,
        num_bikes_available: bikes,
        num_docks_available: capacity - bikes,
        is_renting: true,
        last_reported: reported,
      })),
    },
  }
}
