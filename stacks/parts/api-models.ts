import { CfnModel, type IModel, Model, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { requestBodySchemas } from '#shared/contracts/http-api.ts';

/** Keywords of JSON Schema that API Gateway's validator (draft 4, in part) does not know or reads otherwise. */
const foreign = new Set(['propertyNames', 'default', 'contentEncoding', 'contentMediaType']);

/** A schema as API Gateway takes it: its keywords only, and a type on the outside. */
function gatewaySchema(schema: Record<string, unknown>): Record<string, unknown> {
  return { ...(strip(schema) as Record<string, unknown>), type: 'object' };
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(
    ([key]) => !foreign.has(key) && !(key === 'pattern' && 'format' in value),
  );
  return Object.fromEntries(
    kept.map(([key, inner]) => [key, key === 'properties' ? mapValues(inner) : strip(inner)]),
  );
}

/** Names of properties are no keywords: they stay, whatever they are. */
function mapValues(properties: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, strip(schema)]),
  );
}

/** The models that request bodies are checked against, by operation. */
export function requestModels(
  api: RestApi,
): ReadonlyMap<string, { model: IModel; made: CfnModel }> {
  return new Map(
    Object.entries(requestBodySchemas()).map(([operation, schema]) => {
      const name = operation.charAt(0).toUpperCase() + operation.slice(1);
      const made = new CfnModel(api, `${name}Model`, {
        restApiId: api.restApiId,
        name,
        contentType: 'application/json',
        schema: gatewaySchema(schema),
      });
      // A stage serves a snapshot: only another deployment brings a changed model to it.
      api.latestDeployment?.addToLogicalId({ [name]: gatewaySchema(schema) });
      api.latestDeployment?.node.addDependency(made);
      return [operation, { model: Model.fromModelName(api, `${name}ModelName`, name), made }];
    }),
  );
}
