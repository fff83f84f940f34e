import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** Parts of the framework that report every module and route at start. */
const TALKATIVE: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'NestApplication',
]);

/** Nest's logger on top of pino, where the framework's own report of its start is for debugging only. */
@Injectable()
export class QuietLogger extends Logger {
  override log(message: unknown, ...optionalParams: unknown[]): void {
    if (TALKATIVE.has(optionalParams.at(-1))) super.debug(message, ...optionalParams);
    else super.log(message, ...optionalParams);
  }
}
