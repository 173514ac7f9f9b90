/** A running stand-in of one AWS service on 127.0.0.1. */
export interface LocalService {
  /** Base address such as `http://127.0.0.1:43121`, without a trailing slash. */
  readonly endpoint: string;
  /** Stops listening, lets requests in hand finish and closes the storage. */
  close(): Promise<void>;
}

/** What every stand-in takes. */
export interface LocalServiceOptions {
  /** Folder that keeps the data; in memory when left out. */
  directory?: string;
  /** Port on 127.0.0.1; 0 or left out takes any free one. */
  port?: number;
}
