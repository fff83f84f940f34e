import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { APP_OPTIONS, configureApp } from './http/configure-app.js';

/** The application with everything but an open port: `init` or `listen` starts its modules. Rejects when it cannot be put together. */
export async function createApp(config: Config): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.for(config), APP_OPTIONS);
  configureApp(app, config.http);
  return app;
}
