export { createClient, type Client, type ClientOptions, type Decided, type Write } from "./client";
export { ApiError, type Code, type Problem } from "./errors";
export { EventParser, type StreamEvent } from "./live/events";
export { SharedLive, type SharedOptions } from "./live/shared";
export { LiveStream, type LiveState, type StreamOptions } from "./live/stream";
export * from "./model";
