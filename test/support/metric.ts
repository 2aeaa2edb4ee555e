/** A sample of a server's metrics; 0 where there is none. */
export async function metricOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const line = text.split('\n').find(line => line.startsWith(`${name} `))
  return Number(line?.split(' ')[1] ?? 0)
}

/** How often a limit was met, by its key. */
export function limitsMet(url: string, key: string): Promise<number> {
  return metricOf(url, `millrace_limit_total{limit="${key}"}`)
}
