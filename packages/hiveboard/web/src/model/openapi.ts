/** Reading the collector's description of itself. */

import { asArray, asObject, asText } from "./json";

/** The values of one query field of `/tasks` in an OpenAPI document. */
export function allowed(document: unknown, field: string): string[] {
  const operation = asObject(asObject(asObject(asObject(document)["paths"])["/v1/tasks"])["get"]);
  const parameter = asArray(operation["parameters"]).find((item) => asObject(item)["name"] === field);
  return asArray(asObject(asObject(parameter)["schema"])["enum"]).flatMap((value) => asText(value) ?? []);
}
