import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Column, DataSource, Entity, PrimaryColumn, type Repository } from 'typeorm';
import { Unavailable } from '../../../src/common/domain-error.js';
import { DATABASE_CONFIG, type DatabaseConfig } from '../../../src/config/database.config.js';
import { isDatabaseUnavailable } from '../../../src/database/database-unavailable.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { DatabaseService } from '../../../src/database/database.service.js';
import { Transactions } from '../../../src/database/transactions.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

@Entity('note')
class NoteEntity {
  @PrimaryColumn('int')
  id!: number;

  @Column('text')
  body!: string;
}

describe('DatabaseModule', () => {
  let app: TestingModule | undefined;

  const start = async (config: Partial<DatabaseConfig>): Promise<TestingModule> => {
    app = await Test.createTestingModule({
      imports: [configModule(config), DatabaseModule, TypeOrmModule.forFeature([NoteEntity])],
    }).compile();
    app.useLogger(false);
    return app.init();
  };

  const stop = async () => {
    await app?.close();
    app = undefined;
  };

  afterEach(stop);

  describe('with an external database', () => {
    let database: TestDatabase;
    let proxy: TcpProxy;

    beforeEach(async () => {
      database = await createTestDatabase();
      await database.dataSource.query('CREATE TABLE note (id int PRIMARY KEY, body text)');
      proxy = await TcpProxy.start(database.url);
    });

    afterEach(async () => {
      await stop();
      await proxy.close();
      await database.drop();
    });

    it('starts while the database is away, says so, and is ready when it comes', async () => {
      proxy.freeze();
      const module = await start({ url: proxy.url, connectTimeout: 300 });
      const service = module.get(DatabaseService);
      expect(service.isReady).toBe(false);
      await expect(service.ping()).rejects.toBeInstanceOf(Unavailable);
      const early: unknown = await module
        .get(Transactions)
        .run((manager) => manager.query('SELECT 1'))
        .catch((error: unknown) => error);
      expect(isDatabaseUnavailable(early)).toBe(true);
      proxy.thaw();
      await service.ready();
      await service.ping();
      const notes = module.get<Repository<NoteEntity>>(getRepositoryToken(NoteEntity));
      await notes.insert({ id: 1, body: 'kept' });
      expect(await database.dataSource.query('SELECT * FROM note')).toEqual([{ id: 1, body: 'kept' }]);
    }, 30_000);

    it('reports a database that stops answering, and one that answers again', async () => {
      const service = (await start({ url: proxy.url })).get(DatabaseService);
      await service.ready();
      proxy.freeze();
      await expect(service.ping(300)).rejects.toBeInstanceOf(Unavailable);
      proxy.thaw();
      await eventually(() => service.ping().then(() => true));
    }, 30_000);

    it('stops while it still waits for the database', async () => {
      proxy.freeze();
      const service = (await start({ url: proxy.url, connectTimeout: 300 })).get(DatabaseService);
      const waiting = service.ready();
      await stop();
      await expect(waiting).rejects.toBeInstanceOf(Unavailable);
    }, 30_000);
  });

  it('runs on the embedded server, which stops with it and keeps the data', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'telemetry-processor-module-'));
    await chmod(parent, 0o755);
    const dataDir = join(parent, 'data');
    try {
      const first = await start({ dataDir });
      await first.get(DatabaseService).ready();
      await first.get(DataSource).query('CREATE TABLE kept AS SELECT 42 AS answer');
      await stop();
      expect(await readdir(join(dataDir, 'postgres'))).not.toContain('postmaster.pid');
      const second = await start({ dataDir });
      await second.get(DatabaseService).ready();
      expect(await second.get(DataSource).query('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    } finally {
      await stop();
      await rm(parent, { recursive: true, force: true });
    }
  }, 60_000);
});

function configModule(values: Partial<DatabaseConfig>) {
  const config: DatabaseConfig = {
    url: undefined,
    dataDir: '',
    poolSize: 5,
    connectTimeout: 5_000,
    statementTimeout: 30_000,
    transactionAttempts: 5,
    ...values,
  };

  @Global()
  @Module({ providers: [{ provide: DATABASE_CONFIG, useValue: config }], exports: [DATABASE_CONFIG] })
  class ConfigStub {}
  return ConfigStub;
}
