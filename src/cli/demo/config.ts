/** The config of `millrace demo`; what a person would write, but for the upstream's address. */
export function demoConfig(upstream: string): string {
  return `server: {origins: ["${upstream}"]}
sources:
  stations:
    description: A bike-share city of 400 stations
    url: ${upstream}/gbfs/station_status.json
    every: 2s
    rows: data.stations
    key: station_id
    ignore: [last_reported]
    columns:
      name: {label: Station}
      region_id: {label: Region}
      num_bikes_available: {label: Bikes, thresholds: {warning: 1, critical: 0}}
      num_docks_available: {label: Docks}
      last_reported: {label: Reported}
      is_renting: {hidden: true}
  quotes:
    description: A small market of 60 instruments
    url: ${upstream}/market/quotes.json
    every: 500ms
    key: symbol
    minRows: 20
    columns: {price: {unit: EUR, decimals: 2}, change: {as: percent, decimals: 2}}
  outages:
    description: The day of a storm, replayed at 60 times its speed
    url: ${upstream}/outage/districts.json
    every: 1s
    rows: districts
    key: district
    columns: {customers: {hidden: true}, out: {label: Without power}}
  cpu: {system: cpu, every: 2s, description: This machine's cores}
  memory: {system: memory, every: 5s, description: This machine's memory}
  load: {system: load, every: 5s, description: This machine's load}
  network: {system: network, every: 2s, description: This machine's network interfaces}
  disks: {system: disks, every: 30s, description: This machine's disks}
  server: {system: self, every: 2s, description: This server itself}
feeds:
  regions:
    description: Bikes and docks by region
    from: stations
    steps:
      - group:
          by: [region_id]
          columns:
            stations: count()
            bikes: sum(num_bikes_available)
            docks: sum(num_docks_available)
            emptiest: min(num_bikes_available)
  minutes:
    description: Bikes by region, minute by minute
    from: regions
    steps:
      - window: {size: 1m, columns: {average: avg(bikes), least: min(bikes), most: max(bikes)}}
  shortage:
    description: Regions short of bikes for a while
    from: regions
    steps:
      - alert: {when: bikes < 540, for: 10s, resolve: bikes > 560, severity: warning, text: "{{region_id}} has {{bikes}} bikes"}
  empty:
    description: Stations without a bike, most free docks first
    from: stations
    steps:
      - where: num_bikes_available == 0
      - select: {name: name, region: region_id, docks: num_docks_available}
      - top: {by: -docks, limit: 20}
  movers:
    description: The ten instruments that rose most
    from: quotes
    steps:
      - derive: {turnover: price * volume}
      - top: {by: -change, limit: 10}
  sectors:
    description: The market by sector
    from: quotes
    steps:
      - group:
          by: [sector]
          columns:
            instruments: count()
            change: avg(change)
            volume: sum(volume)
  counties:
    description: Customers without power by county, most first
    from: outages
    steps:
      - group: {by: [county], columns: {out: sum(out), customers: sum(customers)}}
      - derive: {share: out / customers}
      - top: {by: -out, limit: 8}
    columns: {county: {label: County}, share: {label: Share, as: percent, thresholds: {warning: 0.1, critical: 0.25}}}
  blackout:
    description: Counties in which more than a tenth is without power
    from: counties
    steps:
      - alert: {when: share > 0.1, resolve: share < 0.05, severity: critical, text: "{{county}}: {{out}} without power"}
boards:
  storm:
    title: The storm
    tiles:
      - {show: map, feed: outages, column: out, title: Districts without power, height: 4}
      - {show: table, feed: counties, title: Counties, columns: [county, out, share]}
      - {show: alerts, feed: blackout, title: Blackouts, height: 2}
      - {show: chart, feed: counties, column: out, title: Without power by county, width: 4}
  city:
    title: The city
    tiles:
      - {show: figure, feed: regions, key: Harbour, column: bikes, title: Bikes at the harbour}
      - {show: figure, feed: memory, column: usedPercent, title: Memory used}
      - {show: heartbeat, feed: stations, title: Polls of the stations}
      - {show: map, feed: stations, column: num_bikes_available, title: Stations, height: 3}
      - {show: chart, feed: regions, column: bikes, title: Bikes by region}
      - {show: alerts, feed: shortage, title: Shortage}
      - {show: table, feed: empty, title: Empty stations, columns: [name, region, docks], width: 4}
`
}
