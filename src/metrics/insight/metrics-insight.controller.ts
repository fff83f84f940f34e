import { Body, Controller, Delete, Get, Header, HttpCode, Post, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../auth/roles.decorator.js';
import { ActiveMetricsDto, ActiveMetricsQueryDto } from './active-metrics.dto.js';
import { DebugConfigDto, DebugRecordDto, DebugStateDto } from './debug-capture.dto.js';
import { DebugCapture } from './debug-capture.service.js';
import { ExplainRequestDto, ExplanationDto } from './explanation.dto.js';
import { MetricsInsight } from './metrics-insight.service.js';

@ApiTags('metrics')
@Controller('v1/metrics')
export class MetricsInsightController {
  constructor(
    private readonly insight: MetricsInsight,
    private readonly capture: DebugCapture,
  ) {}

  @Get('federate')
  @Roles('viewer', 'ingest')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({
    summary: 'The newest sample of each enriched series',
    description:
      'Prometheus text format, for a scrape. Only while no storage is configured; bounded in number and age.',
  })
  @ApiProduces('text/plain')
  @ApiQuery({
    name: 'match[]',
    required: false,
    isArray: true,
    type: String,
    description: 'Series selectors; any may fit.',
  })
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiNotFoundResponse({ description: 'A storage is configured: query that.' })
  federate(@Query('match[]') selectors?: string | string[]): string {
    return this.insight.federate(selectors === undefined ? [] : [selectors].flat());
  }

  @Get('active')
  @Roles('viewer')
  @ApiOperation({
    summary: 'Metric names seen in the last five minutes',
    description: 'Sample counts by what became of them, on the replica that answers.',
  })
  active(@Query() query: ActiveMetricsQueryDto): ActiveMetricsDto {
    return this.insight.active(query);
  }

  @Post('explain')
  @HttpCode(200)
  @Roles('viewer')
  @ApiOperation({
    summary: 'What becomes of a series, and why',
    description:
      'Makes the decision of the ingest path for the labels given, without storing anything, and lists the rules tried.',
  })
  explain(@Body() request: ExplainRequestDto): ExplanationDto {
    return this.insight.explain(request);
  }

  @Post('debug/config')
  @HttpCode(200)
  @Roles('editor')
  @ApiOperation({
    summary: 'Start capturing decisions',
    description: 'Replaces a running capture, on the replica that answers.',
  })
  startCapture(@Body() config: DebugConfigDto): DebugStateDto {
    return this.capture.start(config);
  }

  @Get('debug/config')
  @Roles('viewer')
  @ApiOperation({ summary: 'The capture as it stands' })
  captureState(): DebugStateDto {
    return this.capture.state();
  }

  @Post('debug/disable')
  @HttpCode(200)
  @Roles('editor')
  @ApiOperation({ summary: 'Stop capturing', description: 'What has been captured stays to be read.' })
  stopCapture(): DebugStateDto {
    return this.capture.stop();
  }

  @Get('debug/records')
  @Roles('viewer')
  @ApiOperation({ summary: 'Captured decisions, the newest first' })
  records(): DebugRecordDto[] {
    return this.capture.records();
  }

  @Delete('debug/records')
  @HttpCode(204)
  @Roles('editor')
  @ApiOperation({ summary: 'Forget captured decisions' })
  clearRecords(): void {
    this.capture.clear();
  }
}
