import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { HealthCheckResult } from '@nestjs/terminus';
import type { Response } from 'express';
import { Public } from '../auth/roles.decorator.js';
import { AnyQuery } from '../http/any-query.decorator.js';
import { HealthService } from './health.service.js';

@ApiTags('health')
@Public()
@AnyQuery()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** The process is up. Restart it when this does not answer. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The process should get work; 503 while it starts or stops, or when something it needs is down. */
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthCheckResult> {
    const result = await this.health.readiness();
    response.status(statusOf(result));
    return result;
  }

  /** How every part of the service is; 503 when any is down. */
  @Get()
  @Header('Cache-Control', 'no-store')
  async details(@Res({ passthrough: true }) response: Response): Promise<HealthCheckResult> {
    const result = await this.health.details();
    response.status(statusOf(result));
    return result;
  }
}

function statusOf({ status }: HealthCheckResult): number {
  return status === 'ok' || status === 'degraded' ? 200 : 503;
}
