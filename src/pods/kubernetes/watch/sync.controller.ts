import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../../auth/roles.decorator.js';
import { SyncDto } from './sync.dto.js';
import { SyncService } from './sync.service.js';

@ApiTags('pods')
@Controller('v1/pods/sync')
@Roles('viewer')
export class SyncController {
  constructor(private readonly sync: SyncService) {}

  @Get()
  @ApiOperation({
    summary: 'How the watch of the Kubernetes cluster fares',
    description: 'The leader among the replicas, what it watches, what it may not read, and how far it has got.',
  })
  @ApiOkResponse({ type: SyncDto })
  show(): Promise<SyncDto> {
    return this.sync.show();
  }
}
