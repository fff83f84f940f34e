import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AUTH_CONFIG, type AuthConfig } from '../config/auth.config.js';
import { Authenticator } from './authenticator.js';
import { RolesGuard } from './roles.guard.js';

/** Guards every route of every module. */
@Global()
@Module({
  providers: [
    { provide: Authenticator, useFactory: (config: AuthConfig) => new Authenticator(config), inject: [AUTH_CONFIG] },
    { provide: APP_GUARD, useClass: RolesGuard },
  ],
  exports: [Authenticator],
})
export class AuthModule {}
