export * from './arguments.js';
export type { Auth, AuthOptions, EndSessionOptions, UserInfo } from './auth.js';
export { BeProduct } from './client.js';
export type { Decimals } from './decode.js';
export {
  AuthError,
  BeProductError,
  CallbackError,
  CancelledError,
  ClosedError,
  ConfigError,
  ConflictError,
  DecodeError,
  IncompleteError,
  InternalError,
  NetworkError,
  NotFoundError,
  PermissionError,
  QuotaExceededError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  ValidationError,
} from './errors.js';
export type { Attempt, ErrorFields, ErrorKind, Outcome, Wait } from './errors.js';
export type { QuotaCallbacks, QuotaEvent } from './listener.js';
export { login, type LoginSettings } from './login.js';
export type { CallOptions, ListOptions } from './options.js';
export type { Page, Pager, Position } from './pager.js';
export { Plan, type PlanOptions } from './plan.js';
export type {
  Estimate,
  EstimateItem,
  LimitStatus,
  Quota,
  QuotaReport,
  QuotaStatus,
  ReportOptions,
  ReportRow,
  Share,
  Usage,
  Work,
} from './quota.js';
export type * from './records/index.js';
export type * from './resources/index.js';
export type { Meta, RateFigures, Response, WithResponse } from './response.js';
export { AuthorizationSession } from './session.js';
export type { ActAs, ClientSettings, LogRecord, RedisLedger, Settings, SignInSettings } from './settings.js';
export type { Tokens, TokenStore } from './tokens.js';
