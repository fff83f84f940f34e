import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { PodsModule } from '../pods/pods.module.js';
import { TrainingEventsController } from './training-events.controller.js';
import { TrainingEventsRepository } from './training-events.repository.js';
import { TrainingEvents } from './training-events.service.js';
import { TrainingEventsWriter } from './training-events.writer.js';

/** What training workloads do and what happens to them. */
@Module({
  imports: [DatabaseModule, PodsModule],
  controllers: [TrainingEventsController],
  providers: [TrainingEvents, TrainingEventsRepository, TrainingEventsWriter],
  exports: [TrainingEvents],
})
export class TrainingModule {}
