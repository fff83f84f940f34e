import { Module } from '@nestjs/common';

/** Logs in: reception, joining of partial lines, matching. Nothing of it is served yet. */
@Module({})
export class LogsModule {}
