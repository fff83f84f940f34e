import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { InvalidRequest, type FieldProblem } from '../common/domain-error.js';
import { shownValue } from '../common/shown-value.js';

/** Checks and converts every body, query and parameter that has a class; unknown properties are refused. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    // The limits are looked up with the class of the object that holds the value.
    validationError: { target: true },
    exceptionFactory: (errors) =>
      new InvalidRequest('The request does not have the expected form.', { errors: fieldProblems(errors) }),
  });
}

/** Every violated constraint as one problem, with the JSON path of its value. */
export function fieldProblems(errors: readonly ValidationError[], parent = ''): readonly FieldProblem[] {
  return errors.flatMap((error) => {
    const field = pathOf(parent, error.property);
    const own = Object.entries(error.constraints ?? {}).map(([name, message]) => ({
      field,
      message,
      value: shownValue(error.value),
      limit: limitOf(error, name),
    }));
    return [...own, ...fieldProblems(error.children ?? [], field)];
  });
}

function pathOf(parent: string, property: string): string {
  if (/^\d+$/.test(property)) return `${parent}[${property}]`;
  return parent === '' ? property : `${parent}.${property}`;
}

/** The number that a constraint such as `max` or `maxLength` was declared with. */
function limitOf({ target, property }: ValidationError, constraint: string): number | undefined {
  if (target === undefined) return undefined;
  const declared = getMetadataStorage().getTargetValidationMetadatas(target.constructor, '', false, false);
  const arguments_: unknown[] | undefined = declared.find(
    (one) => one.propertyName === property && one.name === constraint,
  )?.constraints;
  const limit = constraint === 'isLength' ? arguments_?.at(-1) : arguments_?.[0];
  return typeof limit === 'number' ? limit : undefined;
}
