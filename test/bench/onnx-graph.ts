import { readFile, writeFile } from 'node:fs/promises';
import protobuf from 'protobufjs';

// The part of ONNX's protobuf schema that a graph with weights inside it consists of.
const schema = `
syntax = "proto3";
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; string domain = 7; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; repeated float floats = 7; repeated int64 ints = 8; repeated bytes strings = 9; int32 type = 20; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int32 int32_data = 5; repeated int64 int64_data = 7; string name = 8; bytes raw_data = 9; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { TensorType tensor_type = 1; }
message TensorType { int32 elem_type = 1; TensorShape shape = 2; }
message TensorShape { repeated Dimension dim = 1; }
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
`;
const modelType = protobuf.parse(schema, { keepCase: true }).root.lookupType('ModelProto');

/** ONNX's numbers for element types. */
export const elementTypes = { float: 1, uint8: 2, int8: 3, int32: 6 } as const;

/** A tensor of a graph. */
export interface OnnxTensor {
  name: string;
  dims: number[];
  data_type: number;
  raw_data: Uint8Array;
  float_data?: number[];
  int32_data?: number[];
}

/** An operator of a graph. */
export interface OnnxNode {
  input: string[];
  output: string[];
  name?: string;
  op_type: string;
  attribute?: { name: string; i?: number; type?: number }[];
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

/** Reads a model file whose weights are inside it. */
export async function readOnnx(path: string): Promise<OnnxModel> {
  const decoded = modelType.decode(await readFile(path));
  // The schema above gives just these fields, 64-bit integers as numbers.
  return modelType.toObject(decoded, { longs: Number, arrays: true }) as OnnxModel;
}

/** Writes a model file. */
export async function writeOnnx(path: string, model: OnnxModel): Promise<void> {
  await writeFile(path, modelType.encode(modelType.fromObject(model)).finish());
}
