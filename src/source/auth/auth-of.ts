import { FixedAsker, type Asker, type Auth } from './authorizer.ts'
import { DigestAsker } from './digest.ts'
import { Login, type LoginDeps, type LoginRules } from './login.ts'
import type { SourceAuthOptions } from './source-auth.options.ts'
import { TokenAsker } from './token-asker.ts'

export function authOf(options: SourceAuthOptions, rules: LoginRules, deps: LoginDeps): Auth {
  switch (options.kind) {
    case 'fixed':
      return alike(new FixedAsker(options.as, options.secret))
    case 'digest':
      return alike(new DigestAsker(options.user, options.password))
    case 'token': {
      const login = new Login(options, rules, deps)
      return { open: () => new TokenAsker(login), close: () => login.close() }
    }
  }
}

/** All who ask are one. */
function alike(asker: Asker): Auth {
  return { open: () => asker, close: () => Promise.resolve() }
}
