import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Roles } from '../../auth/roles.decorator.js';
import { statusOf, type BatchResult, type EventResult } from '../core/event-result.js';
import {
  ContainerEventBatchDto,
  ContainerEventBatchResultDto,
  ContainerEventDto,
  ContainerEventResultDto,
} from './container-events.dto.js';
import { ContainerEventsService } from './container-events.service.js';

@ApiTags('pods')
@Controller('v1/container-events')
@Roles('ingest')
@ApiServiceUnavailableResponse({ description: 'The database is away; the events can be sent again as they are.' })
export class ContainerEventsController {
  constructor(private readonly events: ContainerEventsService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Report what happened to a container',
    description: 'Events may be sent again and out of order: what is older than what is known changes nothing.',
  })
  @ApiBody({ type: ContainerEventDto })
  @ApiOkResponse({ type: ContainerEventResultDto })
  @ApiBadRequestResponse({ description: 'The event is not acceptable; `errors` names the fields.' })
  receive(@Body() body: unknown): Promise<EventResult> {
    return this.events.receive(body);
  }

  @Post('batch')
  @ApiOperation({
    summary: 'Report what happened to several containers',
    description: 'All acceptable events are stored in one transaction, in their order; the answer tells of each event.',
  })
  @ApiBody({ type: ContainerEventBatchDto })
  @ApiOkResponse({ type: ContainerEventBatchResultDto, description: 'All went well.' })
  @ApiResponse({ status: 206, type: ContainerEventBatchResultDto, description: 'Some events are not acceptable.' })
  @ApiBadRequestResponse({
    description: 'No event is acceptable (the answer tells of each), the body is no batch, or it has too many events.',
  })
  async receiveBatch(@Body() body: unknown, @Res({ passthrough: true }) response: Response): Promise<BatchResult> {
    const result = await this.events.receiveBatch(body);
    response.status(statusOf(result));
    return result;
  }
}
