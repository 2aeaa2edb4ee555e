import type { Random } from '../../lib/random.ts'

/** One instrument of the demo's market. */
export interface Instrument {
  readonly symbol: string
  readonly name: string
  readonly sector: string
  readonly open: number
  price: number
  volume: number
}

const sectors = ['Energy', 'Finance', 'Health', 'Industry', 'Technology', 'Transport'] as const
const firsts = ['Nor', 'Alta', 'Vela', 'Orion', 'Cedar', 'Delta', 'Mira', 'Polar', 'Ridge', 'Solen'] as const

export function newMarket(random: Random): Instrument[] {
  return sectors.flatMap(sector =>
    firsts.map(first => {
      const open = Math.round((5 + random() * 195) * 100) / 100
      return {
        symbol: `${first.slice(0, 3).toUpperCase()}${sector.slice(0, 2).toUpperCase()}`,
        name: `${first} ${sector}`,
        sector,
        open,
        price: open,
        volume: 0,
      }
    }),
  )
}

/** A few trades: each moves one price by a fraction of a percent, drawn towards the day's open. */
export function trade(market: Instrument[], random: Random): void {
  const trades = 3 + Math.floor(random() * 8)
  for (let i = 0; i < trades; i++) {
    const instrument = market[Math.floor(random() * market.length)]
    if (instrument === undefined) continue
    const pull = (instrument.open - instrument.price) / instrument.open / 50
    const step = (random() + random() - 1) * 0.004 + pull
    instrument.price = Math.max(0.01, Math.round(instrument.price * (1 + step) * 100) / 100)
    instrument.volume += 1 + Math.floor(random() * 500)
  }
}

export function quotes(market: readonly Instrument[]): unknown {
  return market.map(({ symbol, name, sector, open, price, volume }) => ({
    symbol,
    name,
    sector,
    price,
    change: Math.round((price / open - 1) * 10_000) / 100,
    volume,
  }))
}
