import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { version } from '../config/version.js';

/** Where the document is served. */
export const OPENAPI_PATH = '/docs/openapi.json';

type SchemaObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

const PROBLEM_SCHEMA: SchemaObject = {
  type: 'object',
  description: 'What is wrong with a request. (RFC 9457)',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri', example: 'urn:telemetry-processor:problem:invalid_request' },
    title: { type: 'string', example: 'Invalid request' },
    status: { type: 'integer', example: 400 },
    code: { type: 'string', description: 'Stable identifier of the type.', example: 'invalid_request' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'The request id, as in X-Request-Id.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: {
          field: { type: 'string', description: 'Where the value stands, e.g. `pods[3].uid`.' },
          message: { type: 'string' },
          value: { description: 'The value as received, shortened.' },
          limit: { description: 'The bound that was crossed.', oneOf: [{ type: 'number' }, { type: 'string' }] },
        },
      },
    },
  },
};

const PROBLEM_RESPONSES = {
  '4XX': problemResponse('The request is refused, and why.'),
  '5XX': problemResponse('We cannot answer now; Retry-After tells when to try again.'),
};

/** The OpenAPI document of the whole application, with the error answers that every operation has. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const description =
    'Joins what a GPU training cluster emits with who runs where. Every path is also served below /api.';
  const base = new DocumentBuilder()
    .setTitle('Telemetry Processor')
    .setDescription(description)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'The secret of a token.' })
    .addBasicAuth({ type: 'http', scheme: 'basic', description: 'The name and the secret of a token.' }, 'basic')
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('basic')
    .addTag('metrics', 'Remote write in, workload series out, and why')
    .addTag('pods', 'Which pod of which workload uses which device')
    .addTag('health', 'Probes')
    .addTag('service', 'What the service tells about itself')
    .build();
  return withProblems(SwaggerModule.createDocument(app, base));
}

/** Serves the document and the Swagger UI. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, openApiDocument(app), {
    jsonDocumentUrl: OPENAPI_PATH,
    raw: ['json'],
    customSiteTitle: 'Telemetry Processor',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}

function withProblems(document: OpenAPIObject): OpenAPIObject {
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  for (const item of Object.values(document.paths)) {
    // A route for all methods gets one that OpenAPI 3.0 does not know.
    delete (item as Record<string, unknown>).search;
    for (const operation of [item.get, item.put, item.post, item.delete, item.patch, item.head, item.options]) {
      if (operation !== undefined) operation.responses = { ...PROBLEM_RESPONSES, ...operation.responses };
    }
  }
  return document;
}

function problemResponse(description: string) {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}
