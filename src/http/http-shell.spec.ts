import { Body, Controller, Get, Module, Param, Post, Put, Query, Req, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, IsString, Max, MaxLength, ValidateNested } from 'class-validator';
import type { Request } from 'express';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { Public, Roles } from '../auth/roles.decorator.js';
import { routesWithoutRole } from '../auth/routes-without-role.js';
import { InvalidRequest, NotFound, Unavailable } from '../common/domain-error.js';
import { ConfigModule } from '../config/config.module.js';
import type { Config } from '../config/config.js';
import { load } from '../config/load.js';
import { HealthModule } from '../health/health.module.js';
import { HealthRegistry, type HealthReport } from '../health/health-registry.js';
import { Lifecycle } from '../health/lifecycle.service.js';
import { APP_OPTIONS, configureApp } from './configure-app.js';
import { HttpModule } from './http.module.js';
import type { Problem } from './problem.js';

// Loaded after Nest itself: Jest cannot require() Nest's ES modules, as a CommonJS package here does, while it still links them.
const { ObservabilityModule } = await import('../observability/observability.module.js');

const SECRET = {
  vera: 'vera-secret-012345',
  ed: 'ed-secret-01234567',
  ingo: 'ingo-secret-012345',
  ada: 'ada-secret-0123456',
};

class DeviceDto {
  @IsInt()
  @Max(15)
  no!: number;
}

class PodDto {
  @IsString()
  @MaxLength(5)
  uid!: string;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => DeviceDto)
  devices!: DeviceDto[];
}

class FilterDto {
  @IsOptional()
  @IsString()
  @MaxLength(5)
  name?: string;
}

@Controller('v1')
class ProbeController {
  @Get('things/:id')
  @Roles('viewer')
  thing(@Param('id') id: string, @Query() query: Record<string, unknown>) {
    return { id, query };
  }

  @Get('filtered')
  @Roles('viewer')
  filtered(@Query() filter: FilterDto) {
    return filter;
  }

  @Get('matched')
  @Roles('viewer')
  matched(@Query('match[]') match: string | string[], @Query('end') end?: string) {
    return { match, end };
  }

  @Get('whole')
  @Roles('viewer')
  whole() {
    return 'whole';
  }

  @Post('things')
  @Roles('editor')
  create(@Body() body: PodDto) {
    return body;
  }

  @Put('pods/inventory')
  @Roles('ingest')
  inventory(@Body() body: { rows: string }) {
    return { length: body.rows.length };
  }

  @Post(['prometheus', 'prometheus/*path'])
  @Roles('ingest')
  async prometheus(@Req() request: Request) {
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    return { bytes };
  }

  @Get('fail/:how')
  @Public()
  fail(@Param('how') how: string): never {
    if (how === 'refused')
      throw Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' });
    if (how === 'unavailable') throw new Unavailable('the queue is full', { retryAfterSeconds: 7 });
    if (how === 'missing') throw new NotFound('there is no thing 7');
    if (how === 'invalid') throw new InvalidRequest('no', { errors: [{ field: 'a', message: 'is bad', limit: 3 }] });
    throw new Error('secret internals');
  }

  @Get('undeclared')
  undeclared() {
    return 'never seen';
  }
}

@Module({})
class ShellModule {
  static for(config: Config): DynamicModule {
    const imports = [ConfigModule.for(config), ObservabilityModule.for(config.observability), HttpModule, HealthModule];
    return { module: ShellModule, imports, controllers: [ProbeController] };
  }
}

let app: NestExpressApplication;
let base: string;

async function start(env: Record<string, string>): Promise<void> {
  const config = load(
    [],
    { LOG_LEVEL: 'silent', HTTP_JSON_BODY_LIMIT: '2KiB', INVENTORY_BODY_LIMIT: '8KiB', ...env },
    () => '',
  );
  app = await NestFactory.create<NestExpressApplication>(ShellModule.for(config), APP_OPTIONS);
  configureApp(app, config.http);
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
}

interface Call {
  method?: string;
  as?: keyof typeof SECRET;
  json?: unknown;
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

async function call(path: string, { method, as, json, body, headers }: Call = {}) {
  const response = await fetch(base + path, {
    method: method ?? 'GET',
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${SECRET[as]}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: json === undefined ? (body ?? null) : JSON.stringify(json),
  });
  const received = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(received) : received) as Problem & Record<string, unknown>,
  };
}

beforeAll(async () => {
  const { vera, ed, ingo, ada } = SECRET;
  await start({ AUTH_TOKENS: `vera:viewer:${vera},ed:editor:${ed},ingo:ingest:${ingo},ada:admin:${ada}` });
});

afterAll(async () => {
  await app.close();
});

describe('who may call', () => {
  it('is told by a token', async () => {
    const nobody = await call('/v1/things/1');
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer, Basic realm="telemetry-processor"');
    expect(nobody.body).toMatchObject({ code: 'unauthorized', status: 401 });
    expect((await call('/v1/things/1', { headers: { authorization: 'Bearer nope' } })).status).toBe(401);
    const basic = `Basic ${Buffer.from(`vera:${SECRET.vera}`).toString('base64')}`;
    expect((await call('/v1/things/1', { headers: { authorization: basic } })).status).toBe(200);
  });

  it('depends on the role', async () => {
    expect((await call('/v1/things/1', { as: 'ed' })).status).toBe(200);
    expect((await call('/v1/things/1', { as: 'ada' })).status).toBe(200);
    const refused = await call('/v1/things/1', { as: 'ingo' });
    expect(refused.status).toBe(403);
    expect(refused.body.detail).toBe('The caller ingo has the role ingest; this needs viewer.');
  });

  it('is nobody for a route that declares no role, and such a route is found', async () => {
    expect((await call('/v1/undeclared', { as: 'ada' })).status).toBe(403);
    expect(routesWithoutRole(app)).toEqual(['GET /v1/undeclared (ProbeController.undeclared)']);
  });

  it('is decided before a body is read', async () => {
    const refused = await call('/v1/pods/inventory', { method: 'PUT', json: { rows: 'x'.repeat(20_000) } });
    expect(refused.status).toBe(401);
  });
});

describe('an error', () => {
  it('is a problem with the request id', async () => {
    const { headers, status, body } = await call('/v1/fail/missing', { headers: { 'x-request-id': 'abc-1.2_3' } });
    expect(status).toBe(404);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('x-request-id')).toBe('abc-1.2_3');
    expect(body).toEqual({
      type: 'urn:telemetry-processor:problem:not_found',
      title: 'Not found',
      status: 404,
      code: 'not_found',
      detail: 'there is no thing 7',
      instance: 'abc-1.2_3',
    });
  });

  it('gets a request id of ours when the caller sends none or a strange one', async () => {
    for (const strange of ['', 'a b', 'x'.repeat(129)]) {
      const { headers, body } = await call('/v1/fail/missing', { headers: { 'x-request-id': strange } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(body.instance).toBe(headers.get('x-request-id'));
    }
  });

  it('of the domain keeps its code, its fields and its Retry-After', async () => {
    expect((await call('/v1/fail/invalid')).body).toMatchObject({
      status: 400,
      errors: [{ field: 'a', message: 'is bad', limit: 3 }],
    });
    const unavailable = await call('/v1/fail/unavailable');
    expect([unavailable.status, unavailable.headers.get('retry-after')]).toEqual([503, '7']);
  });

  it('of the database connection asks to try again', async () => {
    const { status, headers, body } = await call('/v1/fail/refused');
    expect([status, headers.get('retry-after'), body.code]).toEqual([503, '5', 'database_unavailable']);
    expect(JSON.stringify(body)).not.toContain('10.1.2.3');
  });

  it('that nobody foresaw tells no internals', async () => {
    const { status, body } = await call('/v1/fail/otherwise');
    expect([status, body.code]).toEqual([500, 'internal_error']);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});

describe('a path', () => {
  it('that nobody serves is 404, with another method 405 and Allow', async () => {
    expect((await call('/nope?token=1', { as: 'ada' })).body).toMatchObject({ status: 404, code: 'route_not_found' });
    const { status, headers, body } = await call('/v1/things/7', { method: 'DELETE', as: 'ada' });
    expect([status, headers.get('allow'), body.code]).toEqual([405, 'GET, HEAD', 'method_not_allowed']);
    expect((await call('/api/v1/things', { method: 'PATCH', as: 'ada' })).headers.get('allow')).toBe('POST');
    expect((await call('/v1/things/%ff', { as: 'ada' })).status).toBe(400);
  });

  it('below /api/v1 is the same as below /v1, query included', async () => {
    expect((await call('/api/v1/things/1?a=b%20c', { as: 'vera' })).body).toEqual({ id: '1', query: { a: 'b c' } });
    expect((await call('/api/things/1', { as: 'vera' })).status).toBe(404);
    expect((await call('/api/v1x/things/1', { as: 'vera' })).status).toBe(404);
  });
});

describe('a query', () => {
  it('is read with the names that the route declares', async () => {
    expect((await call('/v1/filtered?name=a', { as: 'vera' })).body).toEqual({ name: 'a' });
    expect((await call('/v1/matched?match%5B%5D=x&match[]=y', { as: 'vera' })).body).toEqual({ match: ['x', 'y'] });
    expect((await call('/v1/whole?', { as: 'vera' })).status).toBe(200);
  });

  it('with any other name is refused; the answer tells the known ones', async () => {
    const { status, body } = await call('/v1/matched?match=x&enf=y&end=z', { as: 'vera' });
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(body.detail).toBe('Unknown query parameter: match, enf. This route takes end, match[].');
    const message = 'is not a query parameter of this route, which takes end, match[]';
    expect(body.errors).toEqual([
      { field: 'match', message, value: 'x' },
      { field: 'enf', message, value: 'y' },
    ]);
    const filter = await call('/v1/filtered?nam=y&name=toolong', { as: 'vera' });
    expect(filter.body.detail).toBe('Unknown query parameter: nam. This route takes name.');
    const none = await call('/v1/whole?limit=5', { as: 'vera' });
    expect(none.body).toMatchObject({ status: 400, errors: [{ field: 'limit', value: '5' }] });
    expect(none.body.detail).toContain('This route takes none.');
  });

  it('is looked at only when the caller may call, and never for probes and scrapes', async () => {
    expect((await call('/v1/whole?limit=5')).status).toBe(401);
    expect((await call('/health/live?x=1')).status).toBe(200);
    expect((await call('/metrics?x=1', { as: 'vera' })).status).toBe(200);
  });
});

describe('an error of remote write', () => {
  const expectLine = async (path: string, given: Call, status: number) => {
    const reply = await call(path, { method: 'POST', body: 'x', ...given });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([status, 'text/plain; charset=utf-8']);
    expect(reply.body).toMatch(/^[^{\n]+\n$/);
    return reply.headers;
  };

  it('is one line of text', async () => {
    const headers = await expectLine('/api/v1/prometheus', { headers: { authorization: 'Bearer nope' } }, 401);
    expect(headers.get('www-authenticate')).toBe('Bearer, Basic realm="telemetry-processor"');
    await expectLine('/v1/prometheus', { as: 'vera' }, 403);
    await expectLine('/v1/prometheus/%ff', { as: 'ingo' }, 400);
    await expectLine('/v1/prometheus/api/v1/write/%', { as: 'ingo' }, 400);
  });
});

it('a request without a host is a problem too', async () => {
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  socket.write('GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n');
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 400 .*Content-Type: application\/problem\+json.*no Host header/s);
});

describe('a body', () => {
  const pod = { uid: 'a', devices: [{ no: 1 }] };
  const create = (given: Call) => call('/v1/things', { method: 'POST', as: 'ed', ...given });

  it('is read as JSON, also compressed', async () => {
    expect((await create({ json: pod })).body).toEqual(pod);
    const body = Uint8Array.from(gzipSync(JSON.stringify(pod)));
    expect(
      (await create({ body, headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } })).body,
    ).toEqual(pod);
    expect(
      (await create({ body: '{}', headers: { 'content-type': 'application/x.y+json; charset=utf-8' } })).status,
    ).toBe(400);
  });

  it('that is not JSON is refused', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await create({ body: '{"uid":', headers })).body).toMatchObject({
      status: 400,
      errors: [{ field: 'body' }],
    });
    expect((await create({ body: 'x', headers: { ...headers, 'content-encoding': 'gzip' } })).status).toBe(400);
    expect((await create({ body: 'x', headers: { ...headers, 'content-encoding': 'compress' } })).status).toBe(415);
    expect(
      (await create({ body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status,
    ).toBe(415);
    expect((await create({})).status).toBe(400);
  });

  it('that is a single value is JSON, though none that a route takes', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const value of [null, 5, true, 'x'.repeat(300)]) {
      const shown = typeof value === 'string' ? `${'x'.repeat(200)}…` : value;
      expect((await create({ body: JSON.stringify(value), headers })).body).toMatchObject({
        status: 400,
        detail: 'The body must be a JSON object or array.',
        errors: [{ field: 'body', message: 'must be an object or an array', value: shown }],
      });
    }
    expect((await create({ body: '[]', headers })).body).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('has a limit, which counts what is decompressed and differs by route', async () => {
    const large = { uid: 'x'.repeat(3_000), devices: [] };
    const refused = await create({ json: large });
    expect(refused.body).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      errors: [{ field: 'body', limit: 2_048 }],
    });
    const body = Uint8Array.from(gzipSync(JSON.stringify(large)));
    expect(
      (await create({ body, headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } })).status,
    ).toBe(413);
    const put = (rows: string) => call('/api/v1/pods/inventory', { method: 'PUT', as: 'ingo', json: { rows } });
    expect((await put('x'.repeat(4_000))).body).toEqual({ length: 4_000 });
    expect((await put('x'.repeat(9_000))).body).toMatchObject({ status: 413, errors: [{ limit: 8_192 }] });
  });

  it('of remote write is left to its route', async () => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
    expect(
      (await call('/v1/prometheus', { method: 'POST', as: 'ingo', body: 'x'.repeat(5_000), headers })).body,
    ).toEqual({ bytes: 5_000 });
  });

  it('that breaks its rules is answered with every field', async () => {
    const { status, body } = await create({ json: { uid: 'toolong', devices: [{ no: 1 }, { no: 99 }], extra: 1 } });
    expect(status).toBe(400);
    expect(body.errors).toEqual(
      expect.arrayContaining([
        { field: 'uid', message: 'uid must be shorter than or equal to 5 characters', value: 'toolong', limit: 5 },
        { field: 'devices[1].no', message: 'no must not be greater than 15', value: 99, limit: 15 },
        { field: 'extra', message: 'property extra should not exist', value: 1 },
      ]),
    );
    expect(body.errors).toHaveLength(3);
  });
});

describe('the probes', () => {
  it('are public', async () => {
    expect((await call('/health/live')).body).toEqual({ status: 'ok' });
    expect((await call('/health/ready')).status).toBe(200);
    expect((await call('/health')).body).toMatchObject({
      status: 'ok',
      details: { process: { status: 'up', phase: 'running' } },
    });
  });

  it('follow what is registered, and the end of the process', async () => {
    let report: HealthReport = { status: 'degraded', lag: 3 };
    app.get(HealthRegistry).register('needed', () => report, { affectsReadiness: true });
    app.get(HealthRegistry).register('nice', () => ({ status: 'down' }), { affectsReadiness: false });
    expect(await call('/health/ready')).toMatchObject({ status: 200, body: { status: 'degraded' } });
    expect(await call('/health')).toMatchObject({
      status: 503,
      body: { status: 'error', error: { nice: { status: 'down' } } },
    });
    report = { status: 'down' };
    expect((await call('/health/ready')).status).toBe(503);
    report = { status: 'up' };
    expect((await call('/health/ready')).status).toBe(200);
    app.get(Lifecycle).stop();
    expect(await call('/health/ready')).toMatchObject({
      status: 503,
      body: { error: { process: { phase: 'stopping' } } },
    });
    expect((await call('/health/live')).status).toBe(200);
  });
});

describe('what the service tells', () => {
  it('about itself is for viewers and ingest', async () => {
    expect((await call('/metrics')).status).toBe(401);
    const { headers, body } = await call('/metrics', { as: 'ingo' });
    expect(headers.get('content-type')).toContain('text/plain');
    expect(body).toContain('process_cpu_seconds_total');
  });

  it('about its API is public', async () => {
    expect((await call('/docs')).body).toContain('swagger-ui');
    const { body } = await call('/docs/openapi.json');
    expect(body).toMatchObject({
      info: { title: 'Telemetry Processor' },
      components: {
        securitySchemes: { bearer: { scheme: 'bearer' }, basic: { scheme: 'basic' } },
        schemas: { Problem: {} },
      },
      security: [{ bearer: [] }, { basic: [] }],
      paths: {
        '/health/live': { get: { security: [{}] } },
        '/metrics': { get: {} },
        '/v1/things/{id}': { get: { 'x-roles': ['viewer'], responses: { 200: {}, '4XX': {}, '5XX': {} } } },
      },
    });
  });
});
