import type { ExchangeDeps, RequestOptions } from '../exchange.ts'
import { FixedAuthorizer, type Authorizer } from './authorizer.ts'
import { DigestAuthorizer } from './digest.ts'
import type { SourceAuthOptions } from './source-auth.options.ts'
import { TokenAuthorizer } from './token.ts'

/** `tls`: of the source. */
export function authorizerOf(options: SourceAuthOptions, tls: RequestOptions['tls'], deps: Omit<ExchangeDeps, 'auth'>): Authorizer {
  switch (options.kind) {
    case 'fixed':
      return new FixedAuthorizer(options.as, options.secret)
    case 'digest':
      return new DigestAuthorizer(options.user, options.password)
    case 'token':
      return new TokenAuthorizer(options, tls, deps)
  }
}
