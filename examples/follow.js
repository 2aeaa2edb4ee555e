// Follows a feed of a running server and prints what changed: node examples/follow.js ws://127.0.0.1:8080 quotes
import { connect } from 'millrace/client'

const [url = 'ws://127.0.0.1:8080', name = 'quotes'] = process.argv.slice(2)
const millrace = connect(url)
const feed = millrace.feed(name)

feed.onFreshness(({ state, reason }) => console.error(state, reason ?? ''))
process.once('SIGINT', () => millrace.close())

for await (const change of feed.changes()) {
  for (const [key, row] of change.set) console.log(key, JSON.stringify(row))
  for (const key of change.del) console.log(key, 'left')
}
