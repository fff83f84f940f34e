import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import type { Response } from 'express';
import { Roles } from '../auth/roles.decorator.js';
import { AnyQuery } from '../http/any-query.decorator.js';

@ApiTags('service')
@AnyQuery()
@Controller()
export class SelfMetricsController extends PrometheusController {
  /** What the service measures about itself, in Prometheus' text format. */
  @Get()
  @Roles('ingest', 'viewer')
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  override index(@Res({ passthrough: true }) response: Response): Promise<string> {
    return super.index(response);
  }
}
