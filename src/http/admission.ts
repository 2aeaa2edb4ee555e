import { existsSync, readdirSync } from 'node:fs'
import { relative, join, sep } from 'node:path'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import { bearerToken } from '../lib/bearer.ts'
import { anyone, type Asker, type Principal } from '../hub/principal.ts'
import type { Askers } from './askers.ts'

/** Who may read; `server.ts` fills it in. */
export interface Admission {
  /** Whose a token is; undefined: nobody's. */
  authenticate(token: string): Principal | undefined | Promise<Principal | undefined>
  /** A ticket that stands for a token once. @throws MillraceError `too_many`. */
  issueTicket(principal: Principal): { readonly ticket: string; readonly expires: number }
}

/** What a request is answered by. */
export interface Env {
  Bindings: HttpBindings
  Variables: { readonly principal: Principal; readonly asker: Asker }
}

/** The paths of the files of a folder, and of its index. */
export function filePaths(folder: string): string[] {
  if (!existsSync(folder)) return ['/']
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return ['/', ...files.map(({ parentPath, name }) => `/${relative(folder, join(parentPath, name)).split(sep).join('/')}`)]
}

/** Who asks, by its token; undefined: it has none that is good for anything. Cookies are never looked at. */
async function principalOf(context: Context, admission: Admission): Promise<Principal | undefined> {
  const token = bearerToken([context.req.header('authorization') ?? ''])
  return token === undefined ? undefined : await admission.authenticate(token)
}

/** Lets those in who have a token; `open` paths are there for everybody. What is not named is closed. */
export function admit(admission: Admission | undefined, askers: Askers, open: ReadonlySet<string>): MiddlewareHandler<Env> {
  return async (context, next) => {
    const principal = admission === undefined ? anyone : await principalOf(context, admission)
    if (principal !== undefined) {
      context.set('principal', principal)
      context.set('asker', askers.of(principal, context.env.incoming))
    } else if (!open.has(context.req.path)) return unauthorized(context)
    return next()
  }
}

function unauthorized(context: Context): Response {
  const given = context.req.header('authorization') !== undefined
  const message = given ? 'the token is not known, or has ended' : 'a token is needed: Authorization: Bearer <token>'
  // The same again, with the same token or none, would be refused again.
  return context.json({ code: 'unauthorized', message, retry: false }, 401, {
    'Cache-Control': 'no-store',
    'WWW-Authenticate': given ? 'Bearer error="invalid_token"' : 'Bearer',
  })
}
