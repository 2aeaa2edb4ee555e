// A list of live rows that says how old it is, for React 18 and later.
import { createRoot } from 'react-dom/client'
import { connect } from 'millrace/client'
import { useFeed } from 'millrace/react'

const millrace = connect('http://127.0.0.1:8080')

function Movers() {
  const { rows, freshness, error } = useFeed(millrace, 'movers', { fields: ['name', 'change'], limit: 5 })
  if (error !== undefined && rows === undefined) return <p role="alert">{error.message}</p>
  if (rows === undefined) return <p>Waiting for the first rows.</p>
  return (
    <section aria-busy={freshness.state !== 'fresh'}>
      <h1>Movers ({freshness.state})</h1>
      <ol>
        {rows.map(({ symbol, name, change }) => (
          <li key={symbol}>
            {name} {change} %
          </li>
        ))}
      </ol>
    </section>
  )
}

createRoot(document.getElementById('movers')).render(<Movers />)
