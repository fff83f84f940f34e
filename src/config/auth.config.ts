import { tokenList, type AuthToken } from './auth-token.js';
import { optionalSetting, setting, type ValuesOf } from './setting.js';
import { choice, text } from './values.js';

/** Injection token of {@link AuthConfig}. */
export const AUTH_CONFIG = Symbol('AUTH_CONFIG');

/** Who may call. */
export const authSettings = {
  mode: setting('AUTH_MODE', choice('auto', 'tokens', 'none'), 'auto', {
    description:
      '`tokens` asks every caller for a token; `none` lets everybody do everything; `auto` means `tokens` when any is configured, else callers on the same machine only.',
  }),
  tokens: optionalSetting('AUTH_TOKENS', tokenList(), {
    description:
      'Tokens; callers send the secret as a Bearer token, or the name and the secret with Basic authentication.',
    secret: true,
  }),
  tokensFile: optionalSetting('AUTH_TOKENS_FILE', text(4_096), {
    description:
      'File of further tokens, one `name:role:secret` a line, lines starting with # are comments. Read at start.',
  }),
};

/** The settings as given, with the tokens of the setting and of the file in one list. */
export interface AuthConfig extends Omit<ValuesOf<typeof authSettings>, 'tokens'> {
  readonly tokens: readonly AuthToken[];
}
