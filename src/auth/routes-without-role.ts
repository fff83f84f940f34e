import { RequestMethod, type INestApplicationContext } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { PUBLIC_KEY, ROLES_KEY } from './roles.decorator.js';

type Constructor = abstract new (...args: never[]) => object;

/** The routes of the application that declare neither a role nor that they are public, as `GET /path (Controller.method)`. */
export function routesWithoutRole(app: INestApplicationContext): readonly string[] {
  const modules = [...app.get(ModulesContainer).values()];
  const controllers = modules.flatMap((module) => [...module.controllers.values()].map(({ metatype }) => metatype));
  const classes = new Set(controllers.filter((type) => typeof type === 'function') as Constructor[]);
  return [...classes].flatMap(undeclaredOf).sort();
}

function undeclaredOf(controller: Constructor): readonly string[] {
  const prototype = controller.prototype as Record<string, object>;
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .map((name) => ({ name, handler: prototype[name] }))
    .flatMap(({ name, handler }) => {
      if (handler === undefined || !Reflect.hasMetadata(PATH_METADATA, handler)) return [];
      return declares(handler) || declares(controller) ? [] : [describe(controller, name, handler)];
    });
}

function declares(target: object): boolean {
  return Reflect.hasMetadata(ROLES_KEY, target) || Reflect.hasMetadata(PUBLIC_KEY, target);
}

function describe(controller: Constructor, name: string, handler: object): string {
  const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
  const paths = [controller, handler].map((target) => String(Reflect.getMetadata(PATH_METADATA, target) ?? ''));
  const path = paths.map((part) => part.replace(/^\/|\/$/g, '')).filter((part) => part !== '');
  return `${method} /${path.join('/')} (${controller.name}.${name})`;
}
