import { Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from './clock.js';

/** Offers the machine's clock everywhere. */
@Global()
@Module({ providers: [{ provide: Clock, useClass: SystemClock }], exports: [Clock] })
export class ClockModule {}
