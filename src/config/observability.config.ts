import { setting, type ValuesOf } from './setting.js';
import { choice } from './values.js';

/** Injection token of {@link ObservabilityConfig}. */
export const OBSERVABILITY_CONFIG = Symbol('OBSERVABILITY_CONFIG');

/** What the service tells about itself. */
export const observabilitySettings = {
  logLevel: setting('LOG_LEVEL', choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info', {
    description: 'Least severe level that is logged.',
  }),
  logFormat: setting('LOG_FORMAT', choice('auto', 'json', 'pretty'), 'auto', {
    description:
      '`json` writes one object a line, `pretty` is for people; `auto` means `pretty` on a terminal, else `json`.',
  }),
};

export type ObservabilityConfig = ValuesOf<typeof observabilitySettings>;
