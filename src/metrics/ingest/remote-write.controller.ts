import { All, Controller, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Roles } from '../../auth/roles.decorator.js';
import { AnyQuery } from '../../http/any-query.decorator.js';
import { RemoteWriteHandler } from './remote-write.handler.js';

@ApiTags('metrics')
@AnyQuery()
@Controller('v1/prometheus')
export class RemoteWriteController {
  constructor(private readonly handler: RemoteWriteHandler) {}

  @All(['', '*path'])
  @Roles('ingest')
  @ApiOperation({
    summary: 'Take Prometheus remote write',
    description:
      'Remote write 1.0 and 2.0, snappy or zstd, on this path and every path below it. The answer is the storage’s: 204 only ' +
      'after every configured storage has accepted. GET without a body answers a short status.',
  })
  @ApiConsumes('application/x-protobuf')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiResponse({
    status: 200,
    description: 'Status (GET without a body): what is accepted, state of inventory and storages.',
  })
  @ApiResponse({
    status: 204,
    description:
      'All valid series are safe. A 2.0 request is told how much was written in X-Prometheus-Remote-Write-*-Written.',
  })
  @ApiResponse({
    status: 400,
    description: 'Malformed, over a limit, or (2.0) partly invalid; one line says why. Not to be repeated.',
  })
  @ApiResponse({ status: 405, description: 'No body, and the method is not GET or POST.' })
  @ApiResponse({
    status: 415,
    description: 'Media type, message or encoding is none of those named above; decided from the headers.',
  })
  @ApiResponse({
    status: 503,
    description:
      'Not safe yet: storage away, overload, or inventory not read. The same request is to be repeated after Retry-After seconds.',
  })
  take(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.handler.handle(request, response);
  }
}
