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
import { PodDetailDto, PodPageDto, PodsQueryDto } from './pod-reading.dto.js';
import { PodReading } from './pod-reading.service.js';

/** Comes after the controllers whose paths below `v1/pods` are words: `:uid` would take them. */
@ApiTags('pods')
@Controller('v1/pods')
@Roles('viewer')
@ApiServiceUnavailableResponse({ description: 'The database is away.' })
export class PodReadingController {
  constructor(private readonly pods: PodReading) {}

  @Get()
  @ApiOperation({
    summary: 'Pods with their workloads and devices',
    description:
      'Ordered by namespace, name and UID. Follow `next_cursor` until it is null: what is there all the while comes exactly once.',
  })
  @ApiOkResponse({ type: PodPageDto })
  @ApiBadRequestResponse({ description: 'A filter, the limit or the cursor is not acceptable; `errors` names it.' })
  list(@Query() query: PodsQueryDto): Promise<PodPageDto> {
    return this.pods.page(query);
  }

  @Get(':uid')
  @ApiOperation({
    summary: 'Everything about a pod',
    description: 'Also about one that has ended, until retention forgets it.',
  })
  @ApiOkResponse({ type: PodDetailDto })
  @ApiNotFoundResponse({ description: 'No pod with this UID is known.' })
  find(@Param() { uid }: UidParamDto): Promise<PodDetailDto> {
    return this.pods.find(uid);
  }
}
