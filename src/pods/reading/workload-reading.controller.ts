import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Roles } from '../../auth/roles.decorator.js';
import { UidParamDto } from './page-query.dto.js';
import { WorkloadDetailDto, WorkloadPageDto, WorkloadsQueryDto } from './workload-reading.dto.js';
import { WorkloadReading } from './workload-reading.service.js';

@ApiTags('pods')
@Controller('v1/workloads')
@Roles('viewer')
@ApiServiceUnavailableResponse({ description: 'The database is away.' })
export class WorkloadReadingController {
  constructor(private readonly workloads: WorkloadReading) {}

  @Get()
  @ApiOperation({
    summary: 'Workloads with the numbers of their pods and devices',
    description:
      'Ordered by namespace, name and UID. Follow `next_cursor` until it is null. With `kind=Pod`, which lists pods that are their ' +
      'own workloads too, a page may have fewer items than `limit` before that, even none.',
  })
  @ApiOkResponse({ type: WorkloadPageDto })
  @ApiBadRequestResponse({ description: 'A filter, the limit or the cursor is not acceptable; `errors` names it.' })
  list(@Query() query: WorkloadsQueryDto): Promise<WorkloadPageDto> {
    return this.workloads.page(query);
  }

  @Get(':uid')
  @ApiOperation({
    summary: 'Everything about a workload',
    description: 'The UID is the `workload_uid` of series, so that of a pod names the pod which is its own workload.',
  })
  @ApiOkResponse({ type: WorkloadDetailDto })
  @ApiNotFoundResponse({ description: 'No workload with this UID is known, nor a pod that is its own workload.' })
  find(@Param() { uid }: UidParamDto): Promise<WorkloadDetailDto> {
    return this.workloads.find(uid);
  }
}
