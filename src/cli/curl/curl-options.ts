/** What an option of curl does here. */
export type CurlOption =
  /** Takes part in the request. */
  | 'url'
  | 'method'
  | 'header'
  | 'data'
  | 'data-raw'
  | 'data-urlencode'
  | 'json'
  | 'get'
  | 'user'
  | 'digest'
  | 'bearer'
  | 'cookie'
  | 'user-agent'
  | 'referer'
  | 'insecure'
  | 'max-time'
  | 'glob-off'
  /** Has no bearing on what is asked, or is how Millrace asks anyway. */
  | 'ignored'
  /** Changes the request in a way that a source cannot. */
  | 'unsupported'

interface Option {
  readonly does: CurlOption
  readonly takesValue: boolean
}

const short: Readonly<Record<string, string>> = {
  X: 'request',
  H: 'header',
  d: 'data',
  G: 'get',
  u: 'user',
  b: 'cookie',
  A: 'user-agent',
  e: 'referer',
  k: 'insecure',
  m: 'max-time',
  g: 'globoff',
  L: 'location',
  s: 'silent',
  S: 'show-error',
  v: 'verbose',
  i: 'include',
  f: 'fail',
  N: 'no-buffer',
  '#': 'progress-bar',
  o: 'output',
  O: 'remote-name',
  J: 'remote-header-name',
  w: 'write-out',
  D: 'dump-header',
  c: 'cookie-jar',
  '0': 'http1.0',
  '1': 'tlsv1',
  '4': 'ipv4',
  '6': 'ipv6',
  I: 'head',
  F: 'form',
  T: 'upload-file',
  x: 'proxy',
  U: 'proxy-user',
  E: 'cert',
  K: 'config',
  n: 'netrc',
  r: 'range',
  z: 'time-cond',
  C: 'continue-at',
  Z: 'parallel',
  q: 'disable',
  y: 'speed-time',
  Y: 'speed-limit',
  P: 'ftp-port',
  Q: 'quote',
  t: 'telnet-option',
}

function options(does: CurlOption, takesValue: boolean, names: string): readonly (readonly [string, Option])[] {
  return names.split(' ').map(name => [name, { does, takesValue }])
}

const long: ReadonlyMap<string, Option> = new Map([
  ...options('url', true, 'url'),
  ...options('method', true, 'request'),
  ...options('header', true, 'header'),
  ...options('data', true, 'data data-ascii data-binary'),
  ...options('data-raw', true, 'data-raw'),
  ...options('data-urlencode', true, 'data-urlencode'),
  ...options('json', true, 'json'),
  ...options('get', false, 'get'),
  ...options('user', true, 'user'),
  ...options('digest', false, 'digest'),
  ...options('bearer', true, 'oauth2-bearer'),
  ...options('cookie', true, 'cookie'),
  ...options('user-agent', true, 'user-agent'),
  ...options('referer', true, 'referer'),
  ...options('insecure', false, 'insecure'),
  ...options('max-time', true, 'max-time'),
  ...options('glob-off', false, 'globoff'),
  ...options(
    'ignored',
    false,
    'compressed compressed-ssh location silent show-error verbose include fail fail-with-body fail-early no-buffer progress-bar no-progress-meter remote-name remote-header-name basic http1.0 http1.1 http2 http2-prior-knowledge http3 tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 ipv4 ipv6 tcp-nodelay tcp-fastopen no-keepalive no-sessionid path-as-is disable create-dirs retry-all-errors retry-connrefused no-alpn styled-output raw',
  ),
  ...options(
    'ignored',
    true,
    'output write-out dump-header cookie-jar connect-timeout retry retry-delay retry-max-time keepalive-time max-redirs stderr trace trace-ascii limit-rate speed-time speed-limit max-filesize ciphers tls-max',
  ),
  ...options(
    'unsupported',
    true,
    'form form-string upload-file proxy proxy-user proxy-header cert key cacert capath cert-type key-type pass config range time-cond continue-at resolve connect-to interface unix-socket abstract-unix-socket aws-sigv4 dns-servers doh-url socks5 socks5-hostname socks4 socks4a preproxy netrc-file request-target ftp-port quote telnet-option pinnedpubkey local-port etag-compare etag-save variable expand-url url-query',
  ),
  ...options(
    'unsupported',
    false,
    'head ntlm negotiate anyauth netrc netrc-optional next parallel location-trusted proxytunnel post301 post302 post303 crlf remote-time tr-encoding haproxy-protocol',
  ),
])

/** An option by its long name (`--data-raw`) or letter (`-d`); undefined: curl knows none, or this table does not. */
export function curlOption(written: string): (Option & { readonly name: string }) | undefined {
  const name = written.startsWith('--') ? written.slice(2) : short[written.slice(1)]
  const found = name === undefined ? undefined : long.get(name)
  return name === undefined || found === undefined ? undefined : { ...found, name }
}

/** Every long name, for who mistyped one. */
export const curlOptionNames: readonly string[] = [...long.keys()].map(name => `--${name}`)
