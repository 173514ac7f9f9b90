/** Base of every error that this project throws on purpose: a stable `code` and, where known, the field at fault. */
export class SpanstreamError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Input from outside (record, body, file, flag, variable) that breaks a rule; `field` is its path, such as `questions[2]`. */
export class ValidationError extends SpanstreamError {
  readonly field: string;
  /** The message without any name that came with the input, where that is known: such a name may be somebody's. */
  readonly unnamed: string | undefined;

  constructor(
    field: string,
    message: string,
    options?: ErrorOptions & { code?: string; unnamed?: string },
  ) {
    super(options?.code ?? 'invalid-record', message, options);
    this.field = field;
    this.unnamed = options?.unnamed;
  }
}

/** A setting or environment variable that is missing or wrong; the message names it. */
export class ConfigurationError extends SpanstreamError {
  constructor(message: string, options?: ErrorOptions) {
    super('invalid-configuration', message, options);
  }
}

/** A model folder that cannot be used: missing or altered file, unsupported tokenizer, task or opset. */
export class ModelError extends SpanstreamError {
  constructor(message: string, options?: ErrorOptions) {
    super('invalid-model', message, options);
  }
}

/** One text that could not be inferred on although its neighbours could. */
export class InferenceError extends SpanstreamError {
  constructor(message: string, options?: ErrorOptions) {
    super('inference-failed', message, options);
  }
}

/** The engine is ill: its workers die, or a model cannot be loaded on them; no text is at fault, and a later call may succeed. */
export class EngineError extends SpanstreamError {
  constructor(message: string, options?: ErrorOptions) {
    super('engine-failed', message, options);
  }
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
