import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthModule } from '../../../src/auth/auth.module.js';
import { ClockModule } from '../../../src/common/clock.module.js';
import { ConfigModule } from '../../../src/config/config.module.js';
import type { Config } from '../../../src/config/config.js';
import { load } from '../../../src/config/load.js';
import { HealthModule } from '../../../src/health/health.module.js';
import { HttpModule } from '../../../src/http/http.module.js';
import { InventoryCache } from '../../../src/pods/cache/inventory-cache.service.js';
import { PodsModule } from '../../../src/pods/pods.module.js';
import { TrainingModule } from '../../../src/training/training.module.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

@Module({})
class TestModule {
  static for(config: Config): DynamicModule {
    const imports = [
      ConfigModule.for(config),
      ClockModule,
      ScheduleModule.forRoot(),
      AuthModule,
      HttpModule,
      HealthModule,
    ];
    return { module: TestModule, imports: [...imports, PodsModule, TrainingModule] };
  }
}

export interface Answer {
  status: number;
  body: unknown;
}

/** The inventory part of the service over HTTP, on a database of the test's. */
export class PodsApp {
  private constructor(
    private readonly app: NestExpressApplication,
    private readonly url: string,
  ) {}

  static async start(databaseUrl: string, settings: Record<string, string> = {}): Promise<PodsApp> {
    const env = {
      DATABASE_URL: databaseUrl,
      AUTH_MODE: 'none',
      KUBERNETES_MODE: 'off',
      CACHE_REFRESH_INTERVAL: '1h',
      CACHE_RELOAD_INTERVAL: '1d',
      ...settings,
    };
    const config = load([], env, () => '');
    const app = await NestFactory.create<NestExpressApplication>(TestModule.for(config), {
      bodyParser: false,
      logger: false,
      abortOnError: false,
    } as object);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const started = new PodsApp(app, `http://127.0.0.1:${port}`);
    await eventually(() => started.cache.synced);
    return started;
  }

  get cache(): InventoryCache {
    return this.app.get(InventoryCache, { strict: false });
  }

  get<T>(token: abstract new (...args: never[]) => T): T {
    return this.app.get<T>(token, { strict: false });
  }

  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  put(body: unknown): Promise<Answer> {
    return this.request('PUT', '/v1/pods/inventory', body);
  }

  event(body: unknown): Promise<Answer> {
    return this.request('POST', '/v1/container-events', body);
  }

  async devicePods(): Promise<unknown> {
    return (await this.request('GET', '/v1/pods/cache')).body;
  }

  async podWorkloads(): Promise<unknown> {
    return (await this.request('GET', '/v1/pods/workload/cache')).body;
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}

/** What a test of the inventory works with. */
export interface Fresh {
  readonly database: TestDatabase;
  readonly app: PodsApp;
  query: <T>(sql: string) => Promise<T[]>;
}

/** Gives every test of the block a database of its own with the app on it. */
export function eachWithFreshApp(give: (fresh: Fresh) => void): void {
  let fresh: Fresh;

  beforeEach(async () => {
    const database = await createTestDatabase();
    const query = <T>(sql: string) => database.dataSource.query<T[]>(sql);
    fresh = { database, app: await PodsApp.start(database.url), query };
    give(fresh);
  });

  afterEach(async () => {
    await fresh.app.stop();
    await fresh.database.drop();
  });
}
