import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { openApiDescription } from '#consumers/http/open-api.ts';
import { httpRoutes } from '#shared/contracts/http-api.ts';

const described = (): Record<string, unknown> => JSON.parse(JSON.stringify(openApiDescription()));

describe('the description of the API', () => {
  it('is OpenAPI 3.1', async () => {
    const validator = new Validator();

    const { valid, errors } = await validator.validate(described());

    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('would not pass for it with a part missing', async () => {
    const { info: _, ...rest } = described();

    const { valid } = await new Validator().validate(rest);

    expect(valid).toBe(false);
  });

  it('has every call, with its parameters, body and errors', () => {
    const { paths } = openApiDescription();

    for (const {
      path,
      method,
      operation,
      parameters = {},
      pathParameters,
      ...call
    } of httpRoutes) {
      expect(paths[path]?.[method.toLowerCase()]).toMatchObject({
        operationId: operation,
        responses: Object.fromEntries([200, 500, ...call.errors].map((status) => [status, {}])),
        ...(call.body && { requestBody: { required: true } }),
        ...(call.query && {
          parameters: [
            ...Object.keys(pathParameters?.shape ?? {}).map((name) => ({ name, required: true })),
            ...Object.entries(parameters).map(([name, required]) => ({ name, required })),
          ],
        }),
      });
    }
  });

  it('says of a time, a limit and a body what they must be', () => {
    const { paths } = openApiDescription();

    expect(paths['/v1/records']?.get).toMatchObject({
      parameters: [
        { name: 'source', schema: { type: 'string' } },
        { name: 'from', schema: { type: 'string' } },
        { name: 'to', schema: { type: 'string' } },
        { name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 } },
        { name: 'cursor', schema: { type: 'string' } },
      ],
    });
    expect(paths['/v1/entities']?.post).toMatchObject({
      requestBody: {
        content: {
          'application/json': {
            schema: {
              oneOf: [{ required: ['texts'] }, { required: ['text'] }, { required: ['object'] }],
              properties: { object: { type: 'string', examples: [expect.any(String)] } },
            },
          },
        },
      },
    });
  });
});
