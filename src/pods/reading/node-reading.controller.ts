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
import { NodeDetailDto, NodePageDto, NodeParamDto, NodesQueryDto } from './node-reading.dto.js';
import { NodeReading } from './node-reading.service.js';

@ApiTags('pods')
@Controller('v1/nodes')
@Roles('viewer')
@ApiServiceUnavailableResponse({ description: 'The database is away.' })
export class NodeReadingController {
  constructor(private readonly nodes: NodeReading) {}

  @Get()
  @ApiOperation({
    summary: 'Nodes and who holds their devices',
    description: 'Ordered by name. Follow `next_cursor` until it is null.',
  })
  @ApiOkResponse({ type: NodePageDto })
  @ApiBadRequestResponse({ description: 'A filter, the limit or the cursor is not acceptable; `errors` names it.' })
  list(@Query() query: NodesQueryDto): Promise<NodePageDto> {
    return this.nodes.page(query);
  }

  @Get(':name')
  @ApiOperation({ summary: 'Everything about a node', description: 'Also about the devices that nobody holds.' })
  @ApiOkResponse({ type: NodeDetailDto })
  @ApiNotFoundResponse({ description: 'No node of this name is known.' })
  find(@Param() { name }: NodeParamDto): Promise<NodeDetailDto> {
    return this.nodes.find(name);
  }
}
