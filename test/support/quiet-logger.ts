/** Keeps the log lines of the code under test out of the report; `TEST_LOGS=1` brings them back. */
import { Logger } from '@nestjs/common';

if (process.env.TEST_LOGS === undefined) Logger.overrideLogger(false);
