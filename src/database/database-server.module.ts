import { Module } from '@nestjs/common';
import { DATABASE_CONFIG, type DatabaseConfig } from '../config/database.config.js';
import { DatabaseServer, openDatabaseServer } from './database-server.js';

/** Provides the server apart from the data source, which is built from its URL. */
@Module({
  providers: [
    {
      provide: DatabaseServer,
      inject: [DATABASE_CONFIG],
      useFactory: (config: DatabaseConfig) => openDatabaseServer(config),
    },
  ],
  exports: [DatabaseServer],
})
export class DatabaseServerModule {}
