import type { INestApplication } from '@nestjs/common';
import { routesWithoutRole } from '../../src/auth/routes-without-role.js';
import { load } from '../../src/config/load.js';
import { createEmptyDatabase } from '../support/database.js';

// Loaded after Nest itself: Jest cannot require() Nest's ES modules, as a CommonJS package here does, while it still links them.
const { createApp } = await import('../../src/app.js');

describe('the routes of the whole application', () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let app: INestApplication;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    app = await createApp(load([], { DATABASE_URL: database.url }, () => ''));
    await app.init();
  });

  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('declare the role they need, or that they are public', () => {
    expect(routesWithoutRole(app)).toEqual([]);
  });
});
