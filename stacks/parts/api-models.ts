import { CfnModel, type IModel, Model, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { httpRoutes } from '#shared/contracts/http-api.ts';

/** The models that request bodies are checked against, by operation. */
export function requestModels(
  api: RestApi,
): ReadonlyMap<string, { model: IModel; made: CfnModel }> {
  return new Map(
    httpRoutes.flatMap(({ operation, model: schema }) => {
      if (!schema) return [];
      const name = operation.charAt(0).toUpperCase() + operation.slice(1);
      const made = new CfnModel(api, `${name}Model`, {
        restApiId: api.restApiId,
        name,
        contentType: 'application/json',
        schema,
      });
      // A stage serves a snapshot: only another deployment brings a changed model to it.
      api.latestDeployment?.addToLogicalId({ [name]: schema });
      api.latestDeployment?.node.addDependency(made);
      return [[operation, { model: Model.fromModelName(api, `${name}ModelName`, name), made }]];
    }),
  );
}
