import { Body, Controller, Put } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Roles } from '../../auth/roles.decorator.js';
import type { ReplacedInventory } from '../core/inventory-counts.js';
import { InventoryBodyDto, ReplacedInventoryDto } from './inventory.dto.js';
import { InventoryService } from './inventory.service.js';

@ApiTags('pods')
@Controller('v1/pods/inventory')
export class InventoryController {
  constructor(private readonly inventory: InventoryService) {}

  @Put()
  @Roles('ingest', 'editor')
  @ApiOperation({
    summary: 'Replace the inventory that earlier requests brought',
    description:
      'For clusters that cannot be watched, tests and demos. What the Kubernetes watch and container events brought stays. ' +
      'All of it happens or nothing; the caches of the answering process show it before the answer is sent.',
  })
  @ApiBody({ type: InventoryBodyDto })
  @ApiOkResponse({ type: ReplacedInventoryDto })
  @ApiBadRequestResponse({
    description: 'The body is not acceptable; `errors` names up to 50 fields, e.g. `pods[3].uid`. Nothing has changed.',
  })
  @ApiServiceUnavailableResponse({ description: 'The database is away; the request can be repeated as it is.' })
  replace(@Body() body: unknown): Promise<ReplacedInventory> {
    return this.inventory.replace(body);
  }
}
