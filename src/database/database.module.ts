import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATABASE_CONFIG, type DatabaseConfig } from '../config/database.config.js';
import { dataSourceOptions } from './data-source.js';
import { DatabaseServer } from './database-server.js';
import { DatabaseServerModule } from './database-server.module.js';
import { DatabaseService } from './database.service.js';
import { LeaderElection } from './leader.js';
import { Notifications } from './notifications.js';
import { Transactions } from './transactions.js';

/**
 * PostgreSQL for all features: the data source, transactions, leadership and notifications. Features name their entities with
 * `TypeOrmModule.forFeature`; the data source opens in the background ({@link DatabaseService.ready}).
 */
@Global()
@Module({
  imports: [
    DatabaseServerModule,
    TypeOrmModule.forRootAsync({
      imports: [DatabaseServerModule],
      inject: [DatabaseServer, DATABASE_CONFIG],
      useFactory: (server: DatabaseServer, config: DatabaseConfig) => ({
        ...dataSourceOptions(server.url, config),
        autoLoadEntities: true,
        manualInitialization: true,
      }),
    }),
  ],
  providers: [DatabaseService, Transactions, LeaderElection, Notifications],
  exports: [TypeOrmModule, DatabaseService, Transactions, LeaderElection, Notifications],
})
export class DatabaseModule {}
