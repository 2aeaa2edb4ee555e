/** The page of the demo that shows the same data twice: by a loop as everybody has written it once, and by Millrace. */

const style = `:root { color-scheme: light dark; --line: light-dark(#e2e6eb, #272e39); --quiet: light-dark(#586373, #98a3b3) }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1.5rem; background: light-dark(#f6f7f9, #0e1116); color: light-dark(#151a21, #e7eaef);
  font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
h1 { margin: 0; font-size: 26px; letter-spacing: -0.02em } p { margin: 0.4rem 0 1.4rem; max-width: 44rem; color: var(--quiet) }
h2 { margin: 0; font-size: 14px } .both { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.25rem }
[role='group'] { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; margin: 0 0 1.5rem } #upstream { margin-right: 0.5rem }
button { padding: 0.35rem 0.9rem; border: 1px solid var(--line); border-radius: 8px; background: light-dark(#fff, #161a21); color: inherit; font: inherit; cursor: pointer }
button[aria-pressed='true'] { border-color: light-dark(#1f5fd0, #82aeff); box-shadow: inset 0 0 0 1px light-dark(#1f5fd0, #82aeff) }
section.loop { overflow: hidden; border: 1px solid var(--line); border-radius: 10px; background: light-dark(#fff, #161a21) }
section.loop header { display: flex; justify-content: space-between; align-items: center; min-height: 42px; padding: 0.4rem 1rem; box-sizing: border-box; font-size: 14px }
section.loop header span { color: light-dark(#00735a, #2fc79e); font-size: 12.5px; font-weight: 600 }
table { width: 100%; border-collapse: collapse; font-size: 13px } th { color: var(--quiet); font-weight: 500; text-align: left }
th, td { height: 34px; padding: 0 1rem; border-top: 1px solid var(--line) } th:last-child, td:last-child { text-align: right }
pre { overflow: auto; margin: 0; padding: 0.8rem 1rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: 12px }`

/** As it stands in many a page: no timeout, no age, and what fails is only logged. */
const loop = `setInterval(async () => {
  try {
    const rows = await (await fetch('market/quotes.json')).json()
    draw(rows)
  } catch (error) {
    console.log(error)
  }
}, 1000)`

const script = `const body = document.querySelector('.loop tbody')
function draw(rows) {
  const best = rows.toSorted((a, b) => b.change - a.change).slice(0, 8)
  body.replaceChildren(...best.map(({ symbol, price }) => {
    const row = document.createElement('tr')
    for (const text of [symbol, price.toFixed(2)]) row.insertCell().textContent = text
    return row
  }))
}
${loop}
const buttons = [...document.querySelectorAll('button')]
for (const button of buttons) button.addEventListener('click', async () => {
  await fetch('switch/' + button.value, { method: 'POST' })
  for (const other of buttons) other.setAttribute('aria-pressed', String(other === button))
})`

const page = (server: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Unplug it</title>
    <link rel="stylesheet" href="unplug.css" />
    <script type="module" src="${server}/elements.js"></script>
    <script type="module" src="unplug.js"></script>
  </head>
  <body>
    <main>
      <h1>Unplug it</h1>
      <p>Both sides show the same market. Make it fail, and see which of the two goes on as if nothing had happened.</p>
      <div role="group" aria-labelledby="upstream">
        <span id="upstream">The upstream</span>
        <button value="run" aria-pressed="true">runs</button> <button value="hang" aria-pressed="false">hangs</button>
        <button value="empty" aria-pressed="false">answers []</button> <button value="die" aria-pressed="false">dies</button>
      </div>
      <div class="both">
        <section class="loop" aria-label="A loop with fetch">
          <header><h2>A loop with fetch</h2><span>live</span></header>
          <table><thead><tr><th scope="col">symbol</th><th scope="col">price</th></tr></thead><tbody></tbody></table>
          <pre tabindex="0">${loop.replaceAll('<', '&lt;').replaceAll('=>', '=&gt;')}</pre>
        </section>
        <millrace-table feed="quotes" order="-change" limit="8" columns="symbol,price" theme="auto"><h2 slot="title">Millrace</h2></millrace-table>
      </div>
    </main>
  </body>
</html>
`

/** A file of the demonstration by its path; undefined: there is none. `server`: where Millrace is. */
export function unplugFile(
  path: string,
  server: string,
): { readonly type: string; readonly text: string; readonly policy: string } | undefined {
  const policy = `default-src 'none'; script-src 'self' ${server}; style-src 'self'; connect-src 'self' ${server} ${server.replace('http', 'ws')}`
  if (path === '/unplug') return { type: 'text/html; charset=utf-8', text: page(server), policy }
  if (path === '/unplug.js') return { type: 'text/javascript', text: script, policy }
  return path === '/unplug.css' ? { type: 'text/css', text: style, policy } : undefined
}
