import { Controller, Get, Query } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { Roles } from '../../auth/roles.decorator.js';
import { CacheViews } from './cache-views.service.js';
import { CacheQueryDto, CacheStatsDto } from './cache.dto.js';

const stats = { $ref: getSchemaPath(CacheStatsDto) };

@ApiTags('pods')
@Controller('v1/pods')
@Roles('viewer')
@ApiExtraModels(CacheStatsDto)
export class CacheController {
  constructor(private readonly views: CacheViews) {}

  @Get('cache')
  @ApiOperation({
    summary: 'Which pod holds which device',
    description: 'By node, device label (`gpu_id`, `device`, `asic`) and device: the name and the UID of the pod.',
  })
  @ApiOkResponse({
    schema: {
      oneOf: [
        {
          type: 'object',
          additionalProperties: {
            type: 'object',
            additionalProperties: {
              type: 'object',
              additionalProperties: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 },
            },
          },
        },
        stats,
      ],
    },
    example: { 'gpu-node-01': { gpu_id: { '0': ['worker-0', 'pod-1'] } } },
  })
  devicePods(@Query() { stats: withStats }: CacheQueryDto): object {
    return this.views.devicePods(withStats ?? false);
  }

  @Get('workload/cache')
  @ApiOperation({
    summary: 'Which workloads a pod belongs to',
    description: 'By pod name, over all namespaces: the name and the UID of each workload.',
  })
  @ApiOkResponse({
    schema: {
      oneOf: [
        {
          type: 'object',
          additionalProperties: {
            type: 'array',
            items: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 },
          },
        },
        stats,
      ],
    },
    example: { 'worker-0': [['llama3-70b', 'wl-1']] },
  })
  podWorkloads(@Query() { stats: withStats }: CacheQueryDto): object {
    return this.views.podWorkloads(withStats ?? false);
  }
}
