import type { FeedQuery } from '../client/face.ts'

export const snippetKinds = ['HTML', 'browser', 'Node', 'Python', 'curl', 'wscat'] as const
export type SnippetKind = (typeof snippetKinds)[number]

/** What a program would follow, and where. */
export interface SnippetSubject {
  readonly feed: string
  readonly query: FeedQuery
  /** Of the page, as `http://localhost:8080/live/`. */
  readonly pageUrl: string
  /** Of the socket, as `ws://localhost:8080/live/ws`. */
  readonly socketUrl: string
  /** Whether the server asks for a token. */
  readonly hasToken: boolean
}

function addressOf({ feed, query }: SnippetSubject): string {
  const { where, order, limit } = query
  const members = [
    limit === undefined ? undefined : `limit=${limit}`,
    order === undefined ? undefined : `order=${encodeURIComponent(order.join(','))}`,
    where === undefined ? undefined : `where=${encodeURIComponent(where)}`,
  ].filter(member => member !== undefined)
  return members.length === 0 ? feed : `${feed}?${members.join('&')}`
}

/** Quoted for a POSIX shell. */
function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Quoted for JavaScript and Python, and safe within a page's script. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('<', '\\u003c')
}

function queryText({ where, order, limit }: FeedQuery): string {
  const members = [
    where === undefined ? undefined : `where: ${quoted(where)}`,
    order === undefined ? undefined : `order: [${order.map(quoted).join(', ')}]`,
    limit === undefined ? undefined : `limit: ${limit}`,
  ].filter(member => member !== undefined)
  return members.length === 0 ? '' : `, { ${members.join(', ')} }`
}

function script(from: string, url: string, subject: SnippetSubject, token: string): string {
  return `import { connect } from '${from}'

const millrace = connect(${quoted(url)}${subject.hasToken ? `, { token: ${token} }` : ''})
const feed = millrace.feed(${quoted(subject.feed)}${queryText(subject.query)})
feed.subscribe((rows, { changes }) => console.log(rows.length, 'rows,', changes.size, 'changed'))`
}

/** A few lines that follow the feed, ready to be pasted. */
export function snippetText(kind: SnippetKind, subject: SnippetSubject): string {
  const { pageUrl, socketUrl, hasToken } = subject
  const socket = `${socketUrl}?feed=${encodeURIComponent(addressOf(subject))}`
  const header = hasToken ? ' -H "Authorization: Bearer $MILLRACE_TOKEN"' : ''
  switch (kind) {
    case 'HTML':
      return htmlText(subject)
    case 'browser':
      return `<script type="module">\n${script(`${pageUrl}client.js`, pageUrl, subject, "prompt('Token')")}\n</script>`
    case 'Node':
      return `// npm install millrace\n${script('millrace/client', pageUrl, subject, 'process.env.MILLRACE_TOKEN')}`
    case 'Python':
      return pythonText(socket, hasToken)
    case 'curl':
      return `curl${header} ${shell(`${pageUrl}feeds/${addressOf(subject)}`)}`
    case 'wscat':
      return `npx wscat${header} -c ${shell(socket)}`
  }
}

/** Quoted for an attribute. */
function attribute(name: string, text: string | undefined): string {
  return text === undefined ? '' : ` ${name}="${text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`
}

/** An element on a page of somebody's own. */
function htmlText({ feed, query: { where, order, limit }, pageUrl, hasToken }: SnippetSubject): string {
  const view = [
    attribute('feed', feed),
    attribute('where', where),
    attribute('order', order?.join(',')),
    attribute('limit', limit?.toString()),
  ]
  const token = `<script type="module">
  import { shareConnection } from ${quoted(`${pageUrl}elements.js`)}
  shareConnection('', { token: prompt('Token') })
</script>
`
  return `<!-- server.origins of the config names each other origin that may show it -->
<script type="module" src="${pageUrl}elements.js"></script>
${hasToken ? token : ''}<millrace-table${view.join('')} sortable></millrace-table>`
}

function pythonText(socket: string, hasToken: boolean): string {
  const headers = hasToken ? `, additional_headers={"Authorization": "Bearer " + os.environ["MILLRACE_TOKEN"]}` : ''
  return `# pip install websockets
import asyncio, json${hasToken ? ', os' : ''}, websockets

async def follow():
    async with websockets.connect(${quoted(socket)}${headers}) as socket:
        async for text in socket:
            message = json.loads(text)
            print(message["type"], message.get("set") or message.get("rows"))

asyncio.run(follow())`
}
