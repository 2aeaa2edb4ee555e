/** What an nginx of a test serves beside what each of them needs; lines of its config. */
export interface NginxParts {
  /** Of `http`: types, log format and the like. The log is `access.log`, in the format `asked` that is defined here. */
  readonly http: readonly string[]
  /** Of `server`: what is served where. */
  readonly server: readonly string[]
}

/** The config of an nginx as Debian builds it, which keeps all that it writes in a folder of its own. */
export function nginxConfig(folder: string, port: number, { http, server }: NginxParts): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  const indented = (lines: readonly string[], by: string): string => lines.map(line => `${by}${line}`).join('\n')
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events {}
http {
${indented([...http, `access_log ${folder}/access.log asked;`, ...temporary], '  ')}
  server {
    listen 127.0.0.1:${port};
${indented(server, '    ')}
  }
}
`
}
