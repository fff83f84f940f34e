import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Roles } from '../auth/roles.decorator.js';
import { toPageDto, TrainingEventPageDto, TrainingEventsQueryDto } from './training-events.dto.js';
import { TrainingEvents } from './training-events.service.js';

@ApiTags('training')
@Controller('v1/training/workloads/:uid')
@Roles('viewer')
export class TrainingEventsController {
  constructor(private readonly events: TrainingEvents) {}

  @Get('events')
  @ApiOperation({
    summary: 'What happened to a workload',
    description: 'Newest first. A workload that nothing is known of has an empty list.',
  })
  @ApiOkResponse({ type: TrainingEventPageDto })
  @ApiParam({ name: 'uid', description: 'UID of the workload.', example: 'wl-1' })
  async page(@Param('uid') uid: string, @Query() query: TrainingEventsQueryDto) {
    return toPageDto(await this.events.page(uid, query), query);
  }
}
