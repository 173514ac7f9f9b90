import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

// The part of ONNX's protobuf schema that a plain graph with its weights consists of.
const schema = `
syntax = "proto3";
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; string domain = 7; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; repeated float floats = 7; repeated int64 ints = 8; repeated bytes strings = 9; int32 type = 20; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int32 int32_data = 5; repeated int64 int64_data = 7; string name = 8; bytes raw_data = 9; repeated StringStringEntryProto external_data = 13; int32 data_location = 14; }
message StringStringEntryProto { string key = 1; string value = 2; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { TensorType tensor_type = 1; }
message TensorType { int32 elem_type = 1; TensorShape shape = 2; }
message TensorShape { repeated Dimension dim = 1; }
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
`;
const modelType = protobuf.parse(schema, { keepCase: true }).root.lookupType('ModelProto');

/** ONNX's numbers for element types. */
export const elementTypes = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float16: 10,
} as const;

/** A tensor of a graph. */
export interface OnnxTensor {
  name: string;
  dims: number[];
  data_type: number;
  raw_data: Uint8Array;
  float_data?: number[];
  int32_data?: number[];
  /** Where the values lie in another file, as `location`, `offset` and `length`. */
  external_data?: { key: string; value: string }[];
  data_location?: number;
}

/** An operator of a graph. */
export interface OnnxNode {
  input: string[];
  output: string[];
  name?: string;
  op_type: string;
  /** Of an operator set other than ONNX's own. */
  domain?: string;
  attribute?: { name: string; i?: number; f?: number; ints?: number[]; type?: number }[];
}

/** An input or output of a graph. */
export interface OnnxValue {
  name: string;
  type: {
    tensor_type: {
      elem_type: number;
      shape: { dim: { dim_value?: number; dim_param?: string }[] };
    };
  };
}

/** A model file, as far as the bench reads and writes it. */
export interface OnnxModel {
  ir_version: number;
  opset_import: { domain?: string; version: number }[];
  graph: {
    name: string;
    node: OnnxNode[];
    initializer: OnnxTensor[];
    input: OnnxValue[];
    output: OnnxValue[];
  };
}

/** Where `data_location` says that a tensor's values lie in another file. */
export const EXTERNAL = 1;

/** Reads a model file, and into it what weights lie in files beside it. */
export async function readOnnx(path: string): Promise<OnnxModel> {
  const decoded = modelType.decode(await readFile(path));
  // The schema above gives just these fields, 64-bit integers as numbers.
  const model = modelType.toObject(decoded, { longs: Number, arrays: true }) as OnnxModel;
  const files = new Map<string, Buffer>();
  const initializer: OnnxTensor[] = [];
  for (const tensor of model.graph.initializer) {
    if (tensor.data_location !== EXTERNAL) {
      initializer.push(tensor);
      continue;
    }
    const { external_data: entries = [], data_location: _, ...inside } = tensor;
    const place = new Map(entries.map(({ key, value }) => [key, value]));
    const location = place.get('location') ?? '';
    const file = files.get(location) ?? (await readFile(join(dirname(path), location)));
    files.set(location, file);
    const offset = Number(place.get('offset') ?? 0);
    const end = place.has('length') ? offset + Number(place.get('length')) : file.length;
    initializer.push({ ...inside, raw_data: file.subarray(offset, end) });
  }
  return { ...model, graph: { ...model.graph, initializer } };
}

/** Writes a model file with its weights inside. */
export async function writeOnnx(path: string, model: OnnxModel): Promise<void> {
  await writeFile(path, modelType.encode(modelType.fromObject(model)).finish());
}

/** A tensor's values. */
export function tensorNumbers(tensor: OnnxTensor): ArrayLike<number> {
  const raw = Uint8Array.from(tensor.raw_data ?? []).buffer;
  switch (tensor.data_type) {
    case elementTypes.float:
      return raw.byteLength > 0 ? new Float32Array(raw) : (tensor.float_data ?? []);
    case elementTypes.int8:
      return raw.byteLength > 0 ? new Int8Array(raw) : (tensor.int32_data ?? []);
    case elementTypes.uint8:
      return raw.byteLength > 0 ? new Uint8Array(raw) : (tensor.int32_data ?? []);
    default:
      throw new RangeError(`${tensor.name}: numbers of type ${tensor.data_type} are not read`);
  }
}
